/** Slots as lists come and go. */
import { expect, test } from 'vitest';
import { Outcome } from './balancer.ts';
import { instancesIn, listed, Rig } from './balancer-rig.fixture.ts';

const { FAILED } = Outcome;

test('an instance that is not UP, or of weight 0, is draining: no calls, no probe; UP again, it is what it was', async () => {
  const all = instancesIn('---');
  const rig = new Rig(all, { policy: 'random' });
  rig.attempts(5, 0, FAILED);
  const ticket = rig.begin(1);

  rig.balancer.update(listed([{ ...all[0]!, status: 'DOWN' }, { ...all[1]!, metadata: { weight: '0' } }, all[2]!]));
  await rig.advance(20_000);
  expect(rig.slotEvents).toEqual(['0 draining', '1 draining']);
  expect(rig.picked()).toEqual([2]);
  expect(rig.health).toHaveLength(1);
  rig.balancer.update(listed(all));

  expect(rig.slotEvents).toEqual(['0 draining', '1 draining', '0 restored', '1 restored']);
  expect(rig.balancer.report(rig.now).instances[1]!.inflight).toBe(1);
  expect(rig.healthOf(0)).toBe('ejected');
  rig.settle(1, ticket);
  expect(rig.picked()).toEqual([1, 2]);
});

test('an instance that was away for more than 5 min comes back as a new one', async () => {
  const all = instancesIn('---');
  const rig = new Rig(all, { policy: 'random' });
  rig.attempts(5, 0, FAILED);
  rig.balancer.update(listed([{ ...all[0]!, status: 'OUT_OF_SERVICE' }, all[1]!, all[2]!]));
  await rig.advance(301_000);

  rig.balancer.update(listed(all));

  expect(rig.healthOf(0)).toBe('healthy');
});

test('an instance that left is freed once nothing is in flight, at the latest after 30 s; what arrives later is ignored', async () => {
  const all = instancesIn('----');
  const rig = new Rig(all, { policy: 'random' });
  const [one, two] = [rig.begin(1), rig.begin(2)];

  rig.balancer.update(listed(all.slice(3)));
  expect(rig.slotEvents).toEqual(['0 draining', '0 freed', '1 draining', '2 draining']);
  rig.settle(1, one);
  expect(rig.slotEvents.at(-1)).toBe('1 freed');
  await rig.advance(30_000);
  expect(rig.slotEvents.at(-1)).toBe('2 freed');

  expect(() => rig.balancer.instance(2)).toThrow(RangeError);
  rig.balancer.update(listed(all));
  rig.settle(2, two, FAILED);
  expect(rig.balancer.report(rig.now).instances.map(({ inflight }) => inflight)).toEqual([0, 0, 0, 0]);
});

test('an instance that turns to TLS at its port is another slot: its connections are others', () => {
  const all = instancesIn('--');
  const rig = new Rig(all);

  rig.balancer.update(listed([{ ...all[0]!, secure: true }, all[1]!]));

  expect(rig.slotEvents).toEqual(['0 draining', '0 freed']);
  expect(
    rig
      .picked()
      .map((slot) => rig.balancer.instance(slot).secure)
      .sort(),
  ).toEqual([false, true]);
});

test('an instance that keeps its address under another id keeps its slot', () => {
  const all = instancesIn('--');
  const rig = new Rig(all);
  rig.attempt(0, Outcome.OK, 300);

  rig.balancer.update(listed([{ ...all[0]!, id: 'again' }, all[1]!]));

  expect(rig.slotEvents).toEqual([]);
  expect(rig.balancer.report(0).instances[0]).toMatchObject({ instance: { id: 'again' }, latencyMs: 300 });
});
