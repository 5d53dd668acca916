/** What the sweep costs everybody else while it judges a large registry. */
import { seededRandom, systemClock } from '@heureka/client-sdk/runtime';
import { expect, test } from 'vitest';
import { JUDGE_DEFAULTS } from '../registry/judge.ts';
import { aRecord } from '../registry/records.fixture.ts';
import { Replica } from '../replica/replica.ts';
import { instanceKey } from '../store/instance-key.ts';
import { type Due, type RegistryStore, registryActor } from '../store/registry-store.ts';
import { StoreTime } from './store-time.ts';
import { sweep } from './sweep.ts';

const COUNT = 100_000;
const LEASE_MS = 30_000;
const NOW = 1_000_000;

test('100,000 leases are judged in slices: nobody else waits long for a turn', async () => {
  const replica = new Replica();
  const due: Due[] = [];
  const content = Array.from({ length: COUNT }, (_, index) => {
    const key = instanceKey(`SERVICE-${index % 500}`, `i${index}`);
    const record = aRecord({ app: `SERVICE-${index % 500}`, instanceId: `i${index}` });
    // One in fifty of each service is silent for longer than its lease.
    due.push({ key, duration: LEASE_MS, age: Math.floor(index / 500) % 50 === 0 ? LEASE_MS + 1_000 : 5_000 });
    return { key, record, revision: 1, heard: { lease: 0, at: 0 } };
  });
  replica.replace(content, { epoch: 'e', version: 1 }, []);
  const evicted: string[] = [];
  const store = {
    due: (_: unknown, within: number) => Promise.resolve(within === 0 ? due.filter(({ age }) => age >= LEASE_MS) : due),
    commit: (proposal: { change: { key: string } }) => {
      evicted.push(proposal.change.key);
      return Promise.resolve({ is: 'committed' });
    },
  } as unknown as RegistryStore;

  let longestMs = 0;
  let turns = 0;
  let watching = true;
  let last = performance.now();
  const watch = (): void => {
    const now = performance.now();
    longestMs = Math.max(longestMs, now - last);
    last = now;
    turns++;
    if (watching) setImmediate(watch);
  };
  setImmediate(watch);
  await new Promise((resolve) => setImmediate(resolve));
  longestMs = 0;
  const swept = await sweep(
    {
      ...{ store, clock: systemClock, replica, random: seededRandom(1), options: JUDGE_DEFAULTS },
      time: new StoreTime(systemClock),
      actor: registryActor('n1'),
      position: () => ({ epoch: 'e', version: 1, token: 't' }),
      holds: () => [],
    },
    { id: 's' },
    { lease: NOW, opened: 0 },
  );
  watching = false;

  expect(swept.evicted).toBe(COUNT / 50);
  expect(new Set(evicted).size).toBe(COUNT / 50);
  console.info(`sweep: ${COUNT} leases, ${turns} turns for others, longest wait ${longestMs.toFixed(1)} ms`);
  expect(turns).toBeGreaterThan(50);
  // Some 15 ms on an idle machine, most of it garbage collected; the bound leaves room for a busy one.
  expect(longestMs).toBeLessThan(250);
});
