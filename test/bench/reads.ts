/** What full fetches, deltas and 304s cost, beside `node:http` that sends the same bytes, in peace and while changes come in. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { BareAnswer } from './bare-answer.ts';
import { compared, type Measured, type Side, sideBySide } from './compare.ts';
import { cpuMs } from './cpu-time.ts';
import { ask, fill, onlyStatus, shown } from './fill.ts';
import { appOf, httpRequest, idOf, listRequest, registerRequest } from './instances.ts';
import { Load, peerTarget, type RunningTarget, startBare, startRegistry, type Target } from './processes.ts';
import { type Cell, COMPARED_HEAD, comparedRow, note, number, table, title } from './report.ts';
import { type BenchOptions, check, type Topic } from './topic.ts';

/** Of the server's CPU time where it is busy: so what neighbours take of its core does not count as changes that it must bear. */
const CHANGES_PER_SECOND = 100;

interface Case {
  readonly name: string;
  readonly count: number;
  readonly path: string;
  readonly gzip: boolean;
  readonly changing: boolean;
  readonly connections: number;
  /** With the ETag that it has: answered 304. */
  readonly unchanged?: true;
}

export const reads: Topic = {
  name: 'reads',
  what: 'GET apps of 1 k, 10 k and 50 k instances, plain and gzip, quiet and at 100 changes a second; delta; 304',
  async run(options) {
    const usual = options.quick ? [200] : [1_000, 10_000, 50_000];
    for (const count of options.instances === undefined ? usual : [options.instances])
      await measureSize(count, options);
  },
};

async function measureSize(count: number, options: BenchOptions): Promise<void> {
  const registry = await startRegistry('heureka', ['--data', 'none', '--delta-window', '600']);
  const folder = mkdtempSync(join(tmpdir(), 'heureka-bench-'));
  try {
    await fill(registry, count);
    check((await shown(registry)) === count, `all ${count} instances are listed`);
    const peer = options.peer === undefined ? undefined : peerTarget(options.peer, options.peerPid);
    if (peer !== undefined) await fill(peer, count);
    await fresh(registry);
    title(`Reads: ${count.toLocaleString('en')} instances`);
    const rows: Cell[][] = [];
    for (const wanted of casesOf(count)) rows.push(...(await measureCase(wanted, registry, peer, folder, options)));
    table(['', ...COMPARED_HEAD.slice(1), 'loop delay p99 ms'], rows);
    await sizes(registry);
    await changesAlone(registry, options);
  } finally {
    rmSync(folder, { recursive: true });
    await registry.stop();
  }
}

function casesOf(count: number): readonly Case[] {
  const all = { count, path: 'apps', connections: 64 };
  // Dozens of megabytes each: eight at once keep a core busy.
  const plain = { ...all, gzip: false, connections: count > 2_000 ? 8 : 64 };
  const gzip = { ...all, gzip: true };
  return [
    { ...gzip, name: 'gzip, quiet', changing: false },
    { ...gzip, name: 'gzip, 100 changes/s', changing: true },
    ...(count > 20_000
      ? []
      : [
          { ...plain, name: 'plain, quiet', changing: false },
          { ...plain, name: 'plain, 100 changes/s', changing: true },
        ]),
    { ...gzip, name: 'delta gzip, quiet', path: 'apps/delta', changing: false },
    { ...gzip, name: 'delta gzip, 100 changes/s', path: 'apps/delta', changing: true },
    { ...gzip, name: '304, quiet', changing: false, unchanged: true },
  ];
}

async function measureCase(
  wanted: Case,
  registry: RunningTarget,
  peer: Target | undefined,
  folder: string,
  { quick }: BenchOptions,
): Promise<Cell[][]> {
  const first = await ask(registry, listRequest(registry, wanted.path, wanted.gzip));
  check(first.status === 200, `GET ${wanted.path} is 200, not ${first.status}`);
  const file = join(folder, 'body');
  const headers = headersOf(first.head);
  const etag = headers['etag'] ?? '';
  writeFileSync(file, first.body);
  const unchanged = wanted.unchanged ? { 'If-None-Match': etag } : undefined;
  const bare = await startBare(unchanged === undefined ? { status: 200, headers, file } : await notModified());
  async function notModified(): Promise<BareAnswer> {
    const answer = await ask(registry, listRequest(registry, wanted.path, wanted.gzip, unchanged));
    check(answer.status === 304, `an answer that is known is 304, not ${answer.status}`);
    return { status: 304, headers: headersOf(answer.head) };
  }
  const sides: Side[] = [];
  const changes = wanted.changing ? await changesTo(registry, wanted.count) : undefined;
  const ms = quick ? 200 : 1_500;
  for (const target of [bare, registry, ...(peer === undefined ? [] : [peer])]) {
    const requests = [listRequest(target, wanted.path, wanted.gzip, unchanged)];
    const load = await Load.open({ host: target.host, port: target.port, connections: wanted.connections, requests });
    const beside = (): Promise<unknown> =>
      changes!.run({ kind: 'fed', ms, perCpuSecond: CHANGES_PER_SECOND, pid: registry.pid });
    sides.push({ target, load, ...(target === registry && changes !== undefined ? { beside } : {}) });
  }
  await sideBySide(sides, { kind: 'busy', ms: quick ? 50 : 1_000 }, 1);
  await loopDelay(registry);
  const measured: readonly Measured[] = await sideBySide(sides, { kind: 'busy', ms }, quick ? 1 : 5);
  const delay = await loopDelay(registry);
  for (const { slices } of measured) for (const slice of slices) onlyStatus(slice, [wanted.unchanged ? 304 : 200]);
  for (const { load } of sides) await load.end();
  await changes?.end();
  await bare.stop();
  const size = `${number(first.body.length / 1_000)} KB`;
  return compared(measured).map((side, index) => {
    const [, ...cells] = comparedRow(side);
    const name =
      index === 0 ? `${wanted.name}: bare, ${wanted.unchanged ? 'no body' : size}` : `${wanted.name}: ${side.name}`;
    return [name, ...cells, index === 1 ? number(delay * 1_000) : ''];
  });
}

/** Registrations that each change the status of one instance, in places far apart. */
async function changesTo(target: Target, count: number): Promise<Load> {
  const at = Date.now();
  const requests = Array.from({ length: 2_000 }, (_, index) =>
    registerRequest(target, Math.floor((index * 7_919) % count), index % 3 === 0 ? 'DOWN' : 'UP', at + index),
  );
  return await Load.open({ host: target.host, port: target.port, connections: 4, requests });
}

/** What a change costs while nobody reads: to be subtracted from what reading costs at the same time. */
async function changesAlone(registry: RunningTarget, { quick }: BenchOptions): Promise<void> {
  const changes = await changesTo(registry, 1_000);
  const before = cpuMs(registry.pid) ?? 0;
  const { answers } = await changes.run({ kind: 'paced', ms: quick ? 200 : 3_000, perSecond: CHANGES_PER_SECOND });
  await changes.end();
  note(`A change while nobody reads: ${number((((cpuMs(registry.pid) ?? 0) - before) * 1_000) / answers)} us of CPU.`);
}

/** A read after an acknowledged change shows it. */
async function fresh(registry: RunningTarget): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    const status = turn % 2 === 0 ? 'OUT_OF_SERVICE' : 'UP';
    const path = `${registry.base}/apps/${appOf(turn >> 1)}/${idOf(turn >> 1)}/status?value=${status}`;
    const changed = await ask(registry, httpRequest('PUT', path));
    check(changed.status === 200, `a status is set: ${changed.status}`);
    const { body } = await ask(registry, listRequest(registry, 'apps', true));
    const hash = /"apps__hashcode":"([^"]*)"/.exec(gunzipSync(body).toString())?.[1] ?? '';
    check(hash.includes('OUT_OF_SERVICE_1_') === (turn % 2 === 0), `a read shows the change before it: ${hash}`);
  }
}

async function sizes(registry: Target): Promise<void> {
  const packed = await ask(registry, listRequest(registry, 'apps', true));
  const plain = await ask(registry, listRequest(registry, 'apps', false));
  check(gunzipSync(packed.body).equals(plain.body), 'gzip and plain are the same list');
  const whole = gzipSync(plain.body, { level: 6 }).length;
  note(
    `Bytes: plain ${number(plain.body.length / 1_000)} KB, gzip ${number(packed.body.length / 1_000)} KB, ` +
      `${(packed.body.length / whole).toFixed(2)} of whole gzip -6.`,
  );
}

/** Seconds, p99 since it was last asked. */
async function loopDelay({ host, port }: Target): Promise<number> {
  const text = await (await fetch(`http://${host}:${port}/metrics`)).text();
  return Number(/^nodejs_eventloop_lag_p99_seconds (\S+)/m.exec(text)?.[1] ?? 0);
}

function headersOf(head: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    // Node writes these itself.
    if (colon < 0 || ['date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding'].includes(name))
      continue;
    headers[name] = line.slice(colon + 1).trim();
  }
  return headers;
}
