/** What it costs a client to know a registry: the first list, one change of one instance, and doing nothing; beside eureka-js-client. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ask, fill } from '../fill.ts';
import { registerRequest } from '../instances.ts';
import { LOAD_CORE, pin, type RunningTarget, startRegistry } from '../processes.ts';
import { note, number, table, title } from '../report.ts';
import { spreadOf } from '../statistics.ts';
import { check, type Topic } from '../topic.ts';
import type { ListCost, ListJob } from './list-process.ts';

const CLIENTS = ['sdk', 'eureka-js-client'] as const;
/** Of an application in the bench's registry. */
const PER_APP = 20;
const SETTLE_MS = 15_000;
/** V8 tidies up when it likes, also later: some spans of time have that in them, most have not. */
const IDLE_SPANS = 8;
const IDLE_SPAN_MS = 5_000;

export const sdkList: Topic = {
  name: 'sdk-list',
  what: 'stall, CPU and memory of a client that follows 1 k and 10 k instances, beside eureka-js-client',
  async run({ quick }) {
    title('SDK: following a registry');
    const rows: (readonly string[])[] = [];
    for (const count of quick ? [200] : [1_000, 10_000]) {
      const server = await startRegistry('heureka');
      try {
        await fill(server, count);
        for (const client of CLIENTS) rows.push(await measure(server, client, count, quick));
      } finally {
        await server.stop();
      }
    }
    table(
      [
        'instances, client',
        'first list: stall ms',
        'CPU ms',
        'one change: stall ms',
        'CPU ms',
        'a second of nothing: CPU ms (mean)',
        'heap MiB',
        'RSS MiB',
      ],
      rows,
    );
    note(
      'The first list is read by code that has not run before. eureka-js-client fetches everything at each ' +
        "refresh, here every 3 s instead of 30 s: its change is one refresh, its second of nothing a thirtieth of one. Of the SDK's second: the median of eight spans of 5 s, and their mean, which has what V8 tidies up when it likes.",
    );
  },
};

async function measure(
  server: RunningTarget,
  client: ListJob['client'],
  count: number,
  quick: boolean,
): Promise<readonly string[]> {
  const job: ListJob = { client, registryUrl: `http://${server.host}:${server.port}/eureka` };
  const child = fork(join(import.meta.dirname, 'list-process.ts'), [JSON.stringify(job)], {
    execArgv: ['--expose-gc', '--import', 'tsx'],
  });
  pin(child.pid!, LOAD_CORE);
  try {
    await once(child, 'message');
    const first = await cost(child);
    check(first.known === PER_APP, `${client} knows the ${PER_APP} instances of one application, not ${first.known}`);
    await reset(child, 'reset');
    await ask(server, registerRequest(server, 1, 'UP', Date.now()));
    // The SDK is told at once; the other asks every 3 s.
    await pause(client === 'sdk' ? 500 : 3_200);
    const change = await cost(child);
    // Some 8 s after a busy time V8 collects its garbage once more, then it rests.
    await pause(client === 'sdk' && !quick ? SETTLE_MS : 0);
    await reset(child, 'idle');
    const spans: number[] = [];
    for (let span = 0; span < (quick || client !== 'sdk' ? 1 : IDLE_SPANS); span++) {
      await pause(quick || client !== 'sdk' ? 500 : IDLE_SPAN_MS);
      spans.push((await cost(child)).cpuMs / (IDLE_SPAN_MS / 1_000));
    }
    const idle = spanned(spans);
    return [
      `${count.toLocaleString('en')}, ${client === 'sdk' ? '**SDK**' : client}`,
      number(first.stallMs),
      number(first.cpuMs),
      number(change.stallMs),
      number(change.cpuMs),
      client === 'sdk' ? idle : number(change.cpuMs / 30),
      number(first.heapMiB),
      number(first.rssMiB),
    ];
  } finally {
    const gone = once(child, 'exit');
    child.disconnect();
    await gone;
  }
}

function spanned(cpuMs: readonly number[]): string {
  const mean = cpuMs.reduce((sum, ms) => sum + ms, 0) / cpuMs.length;
  return `${number(spreadOf(cpuMs).median)} (${number(mean)})`;
}

async function cost(child: ChildProcess): Promise<ListCost> {
  const answer = once(child, 'message') as Promise<[ListCost]>;
  child.send('cost?');
  return (await answer)[0];
}

async function reset(child: ChildProcess, how: 'reset' | 'idle'): Promise<void> {
  const answer = once(child, 'message');
  child.send(how);
  await answer;
}
