import { FakeClock } from '@heureka/client-sdk/testing';
import { expect, test } from 'vitest';
import { instanceKey } from '../instance-key.ts';
import { aProposal, aPut, aRecord, founded, registryStoreContract } from '../registry-store.contract.ts';
import { MemoryStore } from './memory-store.ts';

registryStoreContract('memory', async () => {
  const clock = new FakeClock();
  const store = new MemoryStore({ clock });
  return {
    store,
    other: store,
    control: {
      async passTime(ms) {
        let left = ms;
        for (; left > 3_000; left -= 2_000) {
          await clock.advance(2_000);
          await store.tick({ id: 'time', url: '', schema: 1, renewsLastMinute: 0 });
        }
        await clock.advance(left);
      },
      standStill: (ms) => clock.advance(ms),
    },
  };
});

test('an eviction waits until half a second after the deadline', async () => {
  const clock = new FakeClock();
  const store = new MemoryStore({ clock });
  const on = await founded(store);
  const key = instanceKey('ORDERS', 'a');
  await store.commit(aProposal(on, aPut(key), { lease: { duration: 6_600, age: 0 } }));
  const node = { id: 'n1', url: '', schema: 1, renewsLastMinute: 0 };
  for (let tick = 0; tick < 3; tick++) {
    await clock.advance(2_000);
    await store.tick(node);
  }
  const evict = async (): Promise<string> => {
    const { sweep } = await store.tick(node);
    const last = aRecord('a');
    const change = { kind: 'remove', key, last, why: 'evict', heard: 1, cancelledAt: 0 } as const;
    return (await store.commit(aProposal(on, change, { expected: 101, sweep: sweep! }))).is;
  };
  await clock.advance(1_000);
  expect(await evict()).toBe('conflict');
  await clock.advance(1_000);
  expect(await evict()).toBe('committed');
});

test('changes are trimmed by age, and a position before them is told so', async () => {
  const clock = new FakeClock();
  const store = new MemoryStore({ clock });
  const on = await founded(store);
  await store.commit(aProposal(on, aPut(instanceKey('ORDERS', 'a'))));
  await clock.advance(600_001);
  await store.commit(aProposal(on, aPut(instanceKey('ORDERS', 'b'))));
  await store.tick({ id: 'n1', url: '', schema: 1, renewsLastMinute: 0 });
  expect((await store.load()).recent.map(({ version }) => version)).toEqual([102]);
  expect(await store.attach(on)).toMatchObject({ kind: 'diverged', why: 'trimmed' });
});
