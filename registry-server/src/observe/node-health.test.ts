import { expect, test } from 'vitest';
import type { NodeStatus } from '../node/node-events.ts';
import { nodeHealth, readiness, storeHealth } from './health.ts';
import { serverMetrics } from './metrics.ts';

const STATUS: NodeStatus = {
  state: { is: 'away', since: 0, reason: 'Redis at h:1 is not reachable: connection refused' },
  position: { epoch: 'e', version: 7, token: 't' },
  storeSize: 5,
  replicaSize: 6,
  holds: [
    { group: 'zone b', since: 0, until: 300_000, lost: 16, known: 40, at: Date.UTC(2026, 0, 1, 14, 1, 10), by: 'n' },
  ],
  marked: 2,
  beatsWaiting: 3,
  nodes: [{ id: 'n', url: '', schema: 1, renewsLastMinute: 0 }],
  faults: 1,
  lastFault: 'the store is empty',
};

test('an operator sees the state, the position, both sizes, the journal, the holds with their reasons, and the latest fault', () => {
  expect(nodeHealth(STATUS)).toEqual({
    ready: true,
    reason: 'on its own since the store is away: Redis at h:1 is not reachable: connection refused',
    state: 'away',
    position: 'e.7',
    instances: 6,
    storeInstances: 5,
    journal: 2,
    beatsWaiting: 3,
    holds: ['16 of 40 of zone b silent since 14:01:10; held until 14:06:10'],
    nodes: 1,
    faults: 1,
    lastFault: 'the store is empty',
  });
});

test('a node whose store does not answer is ready, says so, and tells its peers that it is no witness', () => {
  const doubting = { is: 'following', since: 0, doubt: 'did not answer in time' } as const;
  expect(readiness(doubting)).toMatchObject({ ready: true, reason: expect.stringContaining('did not answer in time') });
  expect(storeHealth(doubting)).toEqual({ state: 'doubting' });
});

test('metrics tell how the node stands towards its store', async () => {
  const text = await serverMetrics({
    ledger: { state: STATUS.state, renewsLastMinute: 0 },
    replica: {
      ...{ size: 6, cursor: { epoch: 'e', version: 7 }, statusCounts: new Map(), apps: () => [] },
      onChange: () => () => undefined,
    },
    streams: () => 0,
    node: () => STATUS,
  }).text();
  for (const line of [
    'heureka_store_instances 5',
    'heureka_beats_waiting 3',
    'heureka_nodes 1',
    'heureka_store_faults 1',
    'heureka_held_silent{group="zone b"} 16',
  ]) {
    expect(text).toContain(line);
  }
});
