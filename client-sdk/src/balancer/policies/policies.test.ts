import { expect, test } from 'vitest';
import type { BalancerPolicy, BalancerView } from '../../api.ts';
import { seededRandom } from '../../runtime/random.ts';
import { POLICY_NAMES } from '../../service-options.ts';
import { Outcome } from '../balancer.ts';
import { instancesIn, listed, Rig } from '../balancer-rig.fixture.ts';
import { Dice } from '../dice.ts';
import { AvailabilityFiltering } from './availability-filtering.ts';
import { policyKind } from './policies.ts';
import { policyContract } from './policy.contract.ts';

const { OK, FAILED, CONNECT_FAILED } = Outcome;

/** One after the other, by the user. */
class InTurn implements BalancerPolicy {
  view: BalancerView | undefined;
  updates = 0;
  #turn = 0;

  update(view: BalancerView): void {
    this.view = view;
    this.updates++;
  }

  pick(_now: number, exclude: readonly number[]): number {
    const open = this.view!.slots.filter((slot) => !exclude.includes(slot));
    return open.length === 0 ? -1 : open[this.#turn++ % open.length]!;
  }
}

const WEIGHTED = ['peak-ewma', 'least-request', 'weighted', 'affinity'];
for (const policy of POLICY_NAMES) policyContract(policy, { policy, weighted: WEIGHTED.includes(policy) });
policyContract("one of the user's own", { policy: () => new InTurn(), weighted: false });

test('a name that is no policy is refused', () => {
  expect(() => policyKind('fastest', new Dice(seededRandom(1)))).toThrow("there is no policy 'fastest'");
});

test("a policy of the user's own sees all zones, costs included, and an answer that makes no sense is replaced", () => {
  const own = new InTurn();
  const rig = new Rig(instancesIn('aabb'), { policy: own, ownZone: 'a' });
  rig.attempt(0, OK, 40);
  const ticket = rig.begin(1);

  expect(rig.picked()).toEqual([0, 1, 2, 3]);
  const view = own.view!;
  expect([...view.slots]).toEqual([0, 1, 2, 3]);
  expect(view.instance(2).zone).toBe('b');
  expect([view.inflight(1), view.weight(1), view.latencyMs(0, rig.now)]).toEqual([1, 1, 40]);
  rig.settle(1, ticket);

  for (const nonsense of [7, -3, 0.5, Number.NaN]) {
    own.pick = () => nonsense;
    expect([0, 1, 2, 3]).toContain(rig.pick());
  }
});

test("a policy of the user's own that throws stops no call, and the report says so", () => {
  const own = new InTurn();
  const rig = new Rig(instancesIn('--'), { policy: own });
  expect(rig.why(0)).toBe('healthy');
  own.pick = () => {
    throw new Error('no idea');
  };

  expect(rig.picked()).toEqual([0, 1]);
  expect(rig.why(0)).toBe('healthy; picked at random, since the policy threw: Error: no idea');
});

test("a policy of the user's own is told its view again when calls with another hint had it", () => {
  const own = new InTurn();
  const instances = instancesIn('----').map((instance, index) => ({ ...instance, metadata: { v: String(index % 2) } }));
  const rig = new Rig(instances, { policy: own });

  expect(rig.picked({ hint: { v: '1' } })).toEqual([1, 3]);
  expect(rig.picked()).toEqual([0, 1, 2, 3]);
  expect(rig.picked({ hint: { v: '0' } })).toEqual([0, 2]);
  expect(own.updates).toBe(3);
});

test('round robin goes on where it was when the list changes', () => {
  const all = instancesIn('-----');
  const rig = new Rig(all, { policy: 'round-robin' });
  const start = rig.pick();
  const next = (start + 1) % 5;

  rig.balancer.update(listed(all.filter((_, slot) => slot !== (start + 3) % 5)));

  expect(rig.pick()).toBe(next);
});

test('least-request prefers the fewest in flight, in proportion to weights', () => {
  const instances = instancesIn('--').map((instance, index) => ({
    ...instance,
    metadata: { weight: String(index * 2 + 1) },
  }));
  const rig = new Rig(instances, { policy: 'least-request' });

  for (let call = 0; call < 40; call++) rig.begin(rig.pick());

  const [light, heavy] = rig.balancer.report(0).instances.map(({ inflight }) => inflight);
  expect(light! + heavy!).toBe(40);
  expect(Math.abs(light! - 10)).toBeLessThanOrEqual(1);
});

test('availability-filtering passes over instances with too much in flight', () => {
  const inflight = [3, 0, 5];
  const policy = new AvailabilityFiltering(new Dice(seededRandom(1)), 3);
  policy.update({
    slots: [0, 1, 2],
    instance: () => instancesIn('-')[0]!,
    weight: () => 1,
    inflight: (slot) => inflight[slot]!,
    latencyMs: () => 1,
  });

  expect(new Set(Array.from({ length: 20 }, () => policy.pick(0, [])))).toEqual(new Set([1]));
  inflight[1] = 9;
  expect(policy.pick(0, [])).toBeGreaterThanOrEqual(0);
});

test('best-available takes the fewest in flight, and among equals not always the first', () => {
  const rig = new Rig(instancesIn('----'), { policy: 'best-available' });
  expect(rig.picked()).toEqual([0, 1, 2, 3]);
  for (const slot of [0, 2, 3]) rig.begin(slot);
  expect(rig.picked()).toEqual([1]);
});

test('weighted-response-time gives a slow instance less, and its share back once it has become fast', () => {
  const rig = new Rig(instancesIn('---'), { policy: 'weighted-response-time' });
  const share = (): number => (rig.picks(9_000).get(0) ?? 0) / 9_000;
  for (let call = 0; call < 5; call++) for (const slot of [0, 1, 2]) rig.attempt(slot, OK, slot === 0 ? 1_000 : 30);
  rig.now += 5_000;
  expect(share()).toBeLessThan(0.1);

  for (let second = 0; second < 120; second++) {
    rig.now += 1_000;
    for (const slot of [0, 1, 2]) rig.attempt(slot, OK, 30);
  }

  expect(share()).toBeGreaterThan(0.25);
});

test('zone-avoidance leaves a zone that is clearly busier than the others, and returns to it', () => {
  const rig = new Rig(instancesIn('aabb'), { policy: 'zone-avoidance', ownZone: 'a' });
  expect(rig.picked()).toEqual([0, 1, 2, 3]);
  const tickets = [0, 0, 1].map((slot) => ({ slot, ticket: rig.begin(slot) }));

  rig.now += 200;
  expect(rig.picked()).toEqual([2, 3]);
  for (const { slot, ticket } of tickets) rig.settle(slot, ticket);
  rig.now += 200;

  expect(rig.picked()).toEqual([0, 1, 2, 3]);
});

test('with a zone out, zone-avoidance drops no second one', () => {
  const rig = new Rig(instancesIn('aabbcc'), { policy: 'zone-avoidance' });
  for (const slot of [0, 1]) rig.attempts(2, slot, CONNECT_FAILED);
  rig.now += 200;
  expect(rig.picked()).toEqual([2, 3, 4, 5]);
});

test('affinity: a key stays with its instance, in its zone too, and few keys move when another leaves', () => {
  const all = instancesIn('aaaaabbbbbb');
  const rig = new Rig(all, { policy: 'affinity', ownZone: 'a', ownApp: instancesIn('aaab', 'shop') });
  const keys = Array.from({ length: 2_000 }, (_, index) => `user-${index}`);
  const owners = keys.map((affinityKey) => rig.pick({ affinityKey }));
  expect(keys.map((affinityKey) => rig.pick({ affinityKey }))).toEqual(owners);
  expect(new Set(owners).size).toBe(11);

  const even = new Rig(all, { policy: 'affinity' });
  const before = keys.map((affinityKey) => even.pick({ affinityKey }));
  for (let slot = 0; slot < 11; slot++) expect(before.filter((owner) => owner === slot).length).toBeGreaterThan(120);
  even.attempts(2, 4, CONNECT_FAILED);
  const after = keys.map((affinityKey) => even.pick({ affinityKey }));
  const moved = keys.filter((_, index) => before[index] !== 4 && before[index] !== after[index]);
  expect(moved.length).toBeLessThan(keys.length * 0.1);
});

test('affinity: a key leaves an instance that is overloaded, and one that was tried', () => {
  const rig = new Rig(instancesIn('----'), { policy: 'affinity' });
  const owner = rig.pick({ affinityKey: 'k' });
  expect(rig.pick({ affinityKey: 'k', tried: [owner] })).not.toBe(owner);

  for (let call = 0; call < 40; call++) rig.begin(rig.pick({ affinityKey: 'k' }));

  const inflight = rig.balancer.report(0).instances.map((line) => line.inflight);
  expect(Math.max(...inflight)).toBeLessThanOrEqual(Math.ceil(1.25 * 10) + 1);
});

test('without the failure penalty fast failures would attract calls: with it they get nearly none', () => {
  for (const policy of ['peak-ewma', 'affinity']) {
    const rig = new Rig(instancesIn('-----'), { policy, breaker: false });
    let failing = 0;
    for (let call = 0; call < 2_000; call++) {
      rig.now += 2;
      const slot = rig.pick();
      if (slot === 0) failing++;
      rig.attempt(slot, slot === 0 ? FAILED : OK, slot === 0 ? 1 : 10);
    }
    expect(failing).toBeLessThan(5);
  }
});
