/** What it costs a client to know a registry: the first list, one change of one instance, and doing nothing; beside eureka-js-client. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ask, fill } from '../fill.ts';
import { registerRequest } from '../instances.ts';
import { LOAD_CORE, pin, type RunningTarget, startRegistry } from '../processes.ts';
import { note, number, table, title } from '../report.ts';
import { check, type Topic } from '../topic.ts';
import type { ListCost, ListJob } from './list-process.ts';

const CLIENTS = ['sdk', 'eureka-js-client'] as const;
/** Of an application in the bench's registry. */
const PER_APP = 20;

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
        'a second of nothing: CPU ms',
        'heap MiB',
        'RSS MiB',
      ],
      rows,
    );
    note(
      'The first list is read by code that has not run before. eureka-js-client fetches everything at each ' +
        'refresh, here every 3 s instead of 30 s: its change is one refresh, its second of nothing a thirtieth of one.',
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
    await reset(child, 'idle');
    const idleMs = quick ? 500 : 10_000;
    await pause(idleMs);
    const idle = await cost(child);
    const idleCpu = client === 'sdk' ? idle.cpuMs / (idleMs / 1_000) : change.cpuMs / 30;
    return [
      `${count.toLocaleString('en')}, ${client === 'sdk' ? '**SDK**' : client}`,
      number(first.stallMs),
      number(first.cpuMs),
      number(change.stallMs),
      number(change.cpuMs),
      number(idleCpu),
      number(first.heapMiB),
      number(first.rssMiB),
    ];
  } finally {
    const gone = once(child, 'exit');
    child.disconnect();
    await gone;
  }
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
