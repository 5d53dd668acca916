import type { InstanceInfo } from '@heureka/client-sdk/protocol';
import { Emitter } from '@heureka/client-sdk/runtime';
import { expect, test } from 'vitest';
import type { NodeState } from '../registry/node-state.ts';
import type { AppliedChange, Cursor, ServedInstance } from '../replica/replica-reader.ts';
import { logChanges } from './change-log.ts';
import { readiness, storeHealth } from './health.ts';
import { forLog, type Log } from './log.ts';
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
    holds: () => 5,
    marked: () => 6,
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
    'heureka_holds 5',
    'heureka_marked_keys 6',
    'heureka_changes_total{kind="registered"} 1',
    'heureka_requests_total{method="PUT",route="apps/:app/:id",status="200"} 3',
  ]) {
    expect(text).toContain(line);
  }
});
