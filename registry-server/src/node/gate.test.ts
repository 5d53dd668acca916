import { seededRandom } from '@heureka/client-sdk/runtime';
import { FakeClock } from '@heureka/client-sdk/testing';
import { expect, test } from 'vitest';
import { aRecord } from '../registry/records.fixture.ts';
import { Replica } from '../replica/replica.ts';
import { instanceKey } from '../store/instance-key.ts';
import { MemoryStore } from '../store/memory/memory-store.ts';
import { founded } from '../store/registry-store.contract.ts';
import { registryActor } from '../store/registry-store.ts';
import { Commits } from './commits.ts';
import { Course } from './course.ts';
import { Gate } from './gate.ts';
import { StoreTime } from './store-time.ts';

test('work that is done before the gate shuts is done; what is under way then is given up', async () => {
  const gate = new Gate();
  expect(await gate.whileOpen(Promise.resolve())).toBe(true);
  const never = gate.whileOpen(new Promise(() => undefined));
  gate.shut();
  expect(await never).toBe(false);
  expect(await gate.whileOpen(Promise.resolve())).toBe(false);
  gate.pass();
  expect(await gate.whileOpen(Promise.resolve())).toBe(true);
  await expect(gate.whileOpen(Promise.reject(new RangeError('too many')))).rejects.toThrow('too many');
});

test('a commit that is done leaves nothing behind at the gate, however long the store stays', async () => {
  const gate = new Gate();
  const clock = new FakeClock();
  const store = new MemoryStore({ clock });
  const replica = new Replica();
  const time = new StoreTime(clock);
  const course = new Course(replica, time, () => undefined);
  course.begin({ content: [], position: await founded(store), recent: [], holds: [], written: 0 });
  const unused = (): never => {
    throw new Error('not expected while the store is followed');
  };
  const commits = new Commits({
    ...{ store, clock, random: seededRandom(1), replica, time, course, gate, following: () => true },
    ...{ elsewhere: unused, beat: unused, unsure: unused, broken: unused },
  });
  const answer = { is: 'done' } as const;
  const changes = Array.from({ length: 1_000 }, (_, index) => {
    const id = `i${index}`;
    const rule = () =>
      ({ is: 'put', record: aRecord({ instanceId: id }), why: 'register', beat: true, answer }) as const;
    return commits.change(instanceKey('BILLING', id), rule, registryActor('n1'));
  });
  expect(new Set(await Promise.all(changes))).toEqual(new Set([answer]));
  expect(replica.size).toBe(1_000);
  expect(gate.waiting).toBe(0);
});
