import { spawn } from 'node:child_process';
import type { InstanceInfo } from '@heureka/client-sdk/protocol';
import { Emitter } from '@heureka/client-sdk/runtime';
import { FakeClock } from '@heureka/client-sdk/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { NODE_ARGS } from '../../../test/helpers/server-process.ts';
import type { NodeStatus } from '../node/node-events.ts';
import type { NodeState } from '../registry/node-state.ts';
import type { AppliedChange, Cursor, ServedInstance } from '../replica/replica-reader.ts';
import { logChanges } from './change-log.ts';
import { readiness, storeHealth } from './health.ts';
import { forLog, gathering, type Log } from './log.ts';
import { serverMetrics } from './metrics.ts';

const served = (status: string): ServedInstance => ({ info: { status } as InstanceInfo }) as ServedInstance;
const change = (before: string | undefined, after: string | undefined): AppliedChange => ({
  cursor: { epoch: 'e', version: 1 },
  at: 0,
  key: 'A/i' as AppliedChange['key'],
  app: 'A',
  id: 'i\u001b[31m\n',
  before: before === undefined ? undefined : served(before),
  after: after === undefined ? undefined : served(after),
  delta: served('UP'),
});

const NODE: NodeStatus = {
  state: { is: 'following', since: 0 },
  position: undefined,
  storeSize: 3,
  replicaSize: 3,
  holds: [{ group: 'A', since: 0, until: 1, lost: 4, known: 8, at: 0, by: 'n' }],
  marked: 6,
  beatsWaiting: 0,
  nodes: [],
  faults: 0,
  lastFault: undefined,
};

test('each change is one line, with ids that no terminal obeys', () => {
  const changes = new Emitter<AppliedChange>();
  const lines: [object, string][] = [];
  const log = { info: (facts: object, message: string) => lines.push([facts, message]) } as unknown as Log;
  logChanges({ onChange: changes.subscribe, onReset: new Emitter<Cursor>().subscribe, size: 0 }, log);
  changes.emit(change(undefined, 'UP'));
  changes.emit(change('UP', 'DOWN'));
  changes.emit(change('UP', 'UP'));
  changes.emit(change('UP', undefined));
  expect(lines.map(([, message]) => message)).toEqual([
    'instance registered',
    'instance changed its status',
    'instance changed',
    'instance removed',
  ]);
  expect(lines[0]![0]).toEqual({ app: 'A', id: 'i\ufffd[31m\ufffd', version: 1, status: 'UP' });
  expect(forLog('x'.repeat(500))).toHaveLength(203);
});

test('where changes are not written, nobody listens to them', () => {
  const changes = new Emitter<AppliedChange>();
  const lines: object[] = [];
  const log = { info: (facts: object) => lines.push(facts), isLevelEnabled: () => false } as unknown as Log;
  logChanges({ onChange: changes.subscribe, onReset: new Emitter<Cursor>().subscribe, size: 0 }, log);
  changes.emit(change(undefined, 'UP'));
  expect(lines).toEqual([]);
});

test('lines are written together, soon after the first of them, and without lines nothing is', async () => {
  const clock = new FakeClock();
  const done: string[] = [];
  const out = gathering({ write: (line) => done.push(line), flush: () => done.push('flush') }, clock);
  for (const line of ['a', 'b']) out.write(line);
  expect(done).toEqual(['a', 'b']);
  await clock.advance(20);
  out.write('c');
  await clock.advance(20);
  await clock.advance(1_000);
  expect(done).toEqual(['a', 'b', 'flush', 'c', 'flush']);
  expect(clock.timers).toBe(0);
});

test('whoever waits for what is on its way before the process ends has every line, in order', async () => {
  const program = `
    import { jsonLog } from ${JSON.stringify(new URL('./log.ts', import.meta.url).href)};
    const log = jsonLog('info');
    let line = 0;
    const write = (lines) => { while (lines-- > 0) log.info({ line: line++ }, 'x'.repeat(100)); };
    write(3_000);
    setTimeout(async () => {
      write(50);
      await log.written();
      process.exit(0);
    }, 5);`;
  const child = spawn(process.execPath, [...NODE_ARGS, '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // A reader that is late: what is on its way stays there for a while.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  let output = '';
  for await (const chunk of child.stdout) output += String(chunk);
  const lines = output.trim().split('\n');
  expect(lines.map((text) => (JSON.parse(text) as { line: number }).line)).toEqual([...Array(3_050).keys()]);
});

test.each<[NodeState, boolean, string]>([
  [{ is: 'following', since: 0 }, true, 'following'],
  [{ is: 'away', since: 0, reason: 'r' }, true, 'away'],
  [{ is: 'rejoining', since: 0, reason: 'r' }, true, 'rejoining'],
  [{ is: 'starting', since: 0, reason: 'r' }, false, 'starting'],
  [{ is: 'cut-off', since: 0, reason: 'r', peer: 'p' }, false, 'cut-off'],
  [{ is: 'draining', since: 0, was: 'following' }, false, 'following'],
])('%j: ready is %s, and peers are told %s', (state, ready, told) => {
  expect(readiness(state).ready).toBe(ready);
  expect(readiness(state).reason).not.toBe('');
  expect(storeHealth(state)).toEqual({ state: told });
});

test('metrics tell sizes, state and requests; counting requests asks prom-client nothing', async () => {
  const changes = new Emitter<AppliedChange>();
  const metrics = serverMetrics({
    ledger: { state: { is: 'away', since: 0, reason: '' }, renewsLastMinute: 12 },
    replica: {
      size: 3,
      cursor: { epoch: 'e', version: 7 },
      statusCounts: new Map([
        ['UP', 2],
        ['DOWN', 1],
      ]),
      apps: () => ['A', 'B'],
      onChange: changes.subscribe,
    },
    streams: () => 4,
    node: () => NODE,
  });
  for (let beat = 0; beat < 3; beat++) metrics.answered('PUT', 'apps/:app/:id', 200);
  changes.emit(change(undefined, 'UP'));
  await metrics.text();
  const text = await metrics.text();
  for (const line of [
    'heureka_instances{status="UP"} 2',
    'heureka_applications 2',
    'heureka_version 7',
    'heureka_node_state{state="away"} 1',
    'heureka_node_state{state="following"} 0',
    'heureka_renews_last_minute 12',
    'heureka_streams 4',
    'heureka_holds 1',
    'heureka_marked_keys 6',
    'heureka_changes_total{kind="registered"} 1',
    'heureka_requests_total{method="PUT",route="apps/:app/:id",status="200"} 3',
  ]) {
    expect(text).toContain(line);
  }
});

test('several servers in one process measure the process once', async () => {
  const parts = {
    ledger: { state: { is: 'following', since: 0 }, renewsLastMinute: 0 } as const,
    replica: {
      ...{ size: 0, cursor: { epoch: 'e', version: 0 }, statusCounts: new Map(), apps: () => [] },
      onChange: new Emitter<AppliedChange>().subscribe,
    },
    streams: () => 0,
    node: () => NODE,
  };
  const observed = vi.spyOn(PerformanceObserver.prototype, 'observe');
  onTestFinished(() => observed.mockRestore());
  const texts = await Promise.all([serverMetrics(parts).text(), serverMetrics(parts).text()]);
  for (const text of texts) expect(text.match(/^process_cpu_seconds_total /gm)).toHaveLength(1);
  expect(observed.mock.calls.length).toBeLessThanOrEqual(1);
});
