import { expect, test } from 'vitest';
import { anInstance } from '../testing/an-instance.ts';
import { NO_SLOT, Outcome } from './balancer.ts';
import { instancesIn, listed, Rig, want } from './balancer-rig.fixture.ts';

const { OK, FAILED, CONNECT_FAILED } = Outcome;

/** Callers of our own application: 40 % in a, 40 % in b, 20 % in c. */
const callers = instancesIn('aaaabbbbcc', 'shop');

test('balanced zones: home gets what it can take at equal rates, the rest goes where there is room', () => {
  const rig = new Rig(instancesIn('aabbbbcc'), { policy: 'random', ownZone: 'a', ownApp: callers });

  const counts = rig.picks(100_000);
  const share = (slots: number[]): number => slots.reduce((sum, slot) => sum + (counts.get(slot) ?? 0), 0) / 1_000;

  expect(share([0, 1])).toBeGreaterThan(60.5);
  expect(share([0, 1])).toBeLessThan(64.5);
  expect(share([2, 3, 4, 5])).toBeGreaterThan(24);
  expect(share([2, 3, 4, 5])).toBeLessThan(26);
  expect(share([6, 7])).toBeGreaterThan(11.5);
  expect(share([6, 7])).toBeLessThan(13.5);
});

test('balanced zones: over all callers each instance gets the same rate, within 5 %', () => {
  const targets = instancesIn('aabbbbcc');
  const rates = new Map<number, number>();
  for (const [zone, share] of [
    ['a', 0.4],
    ['b', 0.4],
    ['c', 0.2],
  ] as const) {
    const rig = new Rig(targets, { policy: 'round-robin', ownZone: zone, ownApp: callers, seed: 7 });
    for (const [slot, count] of rig.picks(100_000)) rates.set(slot, (rates.get(slot) ?? 0) + (count * share) / 100_000);
  }

  for (const rate of rates.values()) expect(Math.abs(rate * targets.length - 1)).toBeLessThan(0.05);
});

test('our own application not listed: calls stay at home while it is well, and spill in proportion below', () => {
  const rig = new Rig(instancesIn('aaaabbbb'), { policy: 'random', ownZone: 'a' });
  expect(rig.picked()).toEqual([0, 1, 2, 3]);

  rig.attempts(2, 0, CONNECT_FAILED);
  expect(rig.picked()).toEqual([1, 2, 3]);
  rig.attempts(2, 1, CONNECT_FAILED);

  const counts = rig.picks(20_000);
  const home = ((counts.get(2) ?? 0) + (counts.get(3) ?? 0)) / 20_000;
  expect(home).toBeGreaterThan(0.68);
  expect(home).toBeLessThan(0.72);
});

test('exclusive zones never leave home', () => {
  const rig = new Rig(instancesIn('aabb'), { zoneMode: 'exclusive', ownZone: 'a' });
  expect(rig.picked()).toEqual([0, 1]);
  expect(rig.balancer.eligible(want())).toBe(2);
  expect(rig.why(2)).toContain('exclusive');

  rig.attempts(2, 0, CONNECT_FAILED);
  rig.attempts(2, 1, CONNECT_FAILED);
  expect(rig.pick()).toBe(NO_SLOT);
});

test('zones off, unknown, or only one: all alike', () => {
  for (const options of [{ zoneMode: 'off', ownZone: 'a' }, {}, { ownZone: 'z' }] as const) {
    const rig = new Rig(instancesIn('aabb'), { policy: 'random', ...options });
    expect(rig.picked()).toEqual([0, 1, 2, 3]);
  }
  expect(new Rig(instancesIn('aaa'), { policy: 'random', ownZone: 'b' }).picked()).toEqual([0, 1, 2]);
});

test('bias: another zone costs more, so it gets less while all are equally fast', async () => {
  const rig = new Rig(instancesIn('aabb'), { zoneMode: 'bias', ownZone: 'a' });
  expect(rig.picked()).toContain(0);

  const counts = rig.picks(10_000);
  const home = ((counts.get(0) ?? 0) + (counts.get(1) ?? 0)) / 10_000;
  expect(home).toBeGreaterThan(0.75);
});

test('after a refusal the next one tried is a clean one of another zone, then of its own, then a suspect', () => {
  const rig = new Rig(instancesIn('aaabb'), { ownZone: 'a' });
  rig.attempt(2, CONNECT_FAILED);
  const call = want({ neverSent: true, tried: [0] });

  const order: number[] = [];
  for (let attempt = 0; attempt < 4; attempt++) {
    const slot = rig.balancer.pick(rig.now, call);
    order.push(slot);
    call.tried.push(slot);
  }

  expect([3, 4]).toContain(order[0]);
  expect(order[1]).toBe(1);
  expect([3, 4]).toContain(order[2]);
  expect(order[3]).toBe(2);
});

/** A zone dies at once: `inflight` calls in lockstep, each with at most five never-sent retries. */
function zoneLoss(perZone: number, inflight: number, seed: number): { failed: number; wasted: number } {
  const rig = new Rig(instancesIn('a'.repeat(perZone) + 'b'.repeat(perZone)), { ownZone: 'a', seed });
  const isDead = (slot: number): boolean => slot < perZone;
  let wasted = 0;
  let open = Array.from({ length: inflight }, () => want());
  let failed = 0;
  while (open.length > 0) {
    const begun = open.map((call) => {
      const slot = rig.balancer.pick(rig.now, call);
      return { call, slot, ticket: slot === NO_SLOT ? 0 : rig.begin(slot) };
    });
    rig.now += 1;
    const next: typeof open = [];
    for (const { call, slot, ticket } of begun) {
      if (slot === NO_SLOT) {
        failed++;
      } else if (isDead(slot)) {
        wasted++;
        rig.settle(slot, ticket, CONNECT_FAILED, 1);
        call.tried.push(slot);
        call.neverSent = true;
        if (call.tried.length > 5) failed++;
        else next.push(call);
      } else {
        rig.settle(slot, ticket, OK, 5);
      }
    }
    open = next;
  }
  return { failed, wasted };
}

test('a zone that dies fails no call, in flight or new, and each call in flight loses one attempt', () => {
  for (const perZone of [3, 5, 10]) {
    for (const inflight of [1, 4, 16, 64]) {
      for (let seed = 1; seed <= 20; seed++) {
        expect(zoneLoss(perZone, inflight, seed)).toEqual({ failed: 0, wasted: inflight });
      }
    }
  }
});

test('unconfirmed instances are picked after the listed ones, and only while the list names fewer than half as many', () => {
  const all = instancesIn('------');
  const rig = new Rig(all, { policy: 'random' });
  const ids = all.map(({ id }) => id);

  rig.balancer.update(listed(all, { unconfirmed: ids.slice(1) }));
  expect(rig.picked()).toEqual([0]);
  expect(rig.picked({ tried: [0] })).toEqual([1, 2, 3, 4, 5]);
  rig.balancer.update(listed(all, { unconfirmed: ids.slice(3) }));
  expect(rig.picked()).toEqual([0, 1, 2]);
  expect(rig.balancer.eligible(want({ tried: [0, 1, 2] }))).toBe(0);
  expect(rig.why(5)).toBe('missing from the latest list, which names enough others');
  rig.balancer.update(listed(all, { unconfirmed: ids }));
  expect(rig.picked()).toEqual([0, 1, 2, 3, 4, 5]);
});

test('an instance tried is picked again only when nobody else may be', () => {
  const rig = new Rig(instancesIn('---'));
  expect(rig.picked({ tried: [0, 2] })).toEqual([1]);
  expect(rig.picked({ tried: [0, 1, 2] }).length).toBeGreaterThan(0);
  expect(rig.balancer.eligible(want({ tried: [0, 1, 2] }))).toBe(0);
  expect(rig.balancer.eligible(want({ tried: [1] }))).toBe(2);
});

test.each([
  { kind: 'ten times as slow', outcome: OK, ms: 100, share: 0.005 },
  { kind: 'failing in 1 ms', outcome: FAILED, ms: 1, share: 0.002 },
])('an instance that is $kind gets few calls', ({ outcome, ms, share }) => {
  const rig = new Rig(instancesIn('----------'), { breaker: false });
  let calls = 0;
  for (let call = 0; call < 5_000; call++) {
    rig.now += 5;
    const slot = rig.pick();
    if (slot === 0) calls++;
    rig.attempt(slot, slot === 0 ? outcome : OK, slot === 0 ? ms : 10);
  }

  expect(calls / 5_000).toBeLessThan(share);
});

test('an instance that leaves us waiting is avoided before it has answered', () => {
  const rig = new Rig(instancesIn('--'));
  rig.attempt(0, OK, 10);
  rig.attempt(1, OK, 10);
  rig.begin(0);

  rig.now += 200;

  expect(rig.picked()).toEqual([1]);
});

test('what is in flight for long after its headers does not count as waiting', () => {
  const rig = new Rig(instancesIn('--'), { zoneMode: 'off' });
  for (const slot of [0, 1]) {
    const ticket = rig.begin(slot);
    rig.balancer.judge(slot, ticket, OK, 10, rig.now, 0);
  }

  rig.now += 60_000;

  expect(rig.picked()).toEqual([0, 1]);
});

test('Retry-After raises what a failure counts as, within bounds', () => {
  const rig = new Rig(instancesIn('---'));
  rig.attempt(0, FAILED, 1);
  rig.attempt(1, FAILED, 1, 5_000);
  rig.attempt(2, FAILED, 1, 1e12);

  expect(rig.balancer.report(rig.now).instances.map(({ latencyMs }) => latencyMs)).toEqual([1_000, 5_000, 60_000]);
});

test('a newcomer starts slowly and at the median of its peers; the first list does not', async () => {
  const all = instancesIn('----');
  const rig = new Rig(all.slice(0, 3), { policy: 'weighted' });
  for (let round = 0; round < 20; round++) for (const slot of [0, 1, 2]) rig.attempt(slot, OK, 80);
  await rig.advance(1_000);
  expect(Math.round(rig.balancer.medianMs)).toBe(80);
  const shareOf = (slot: number): number => (rig.picks(20_000).get(slot) ?? 0) / 20_000;
  expect(shareOf(0)).toBeGreaterThan(0.3);

  rig.balancer.update(listed(all));

  expect(rig.balancer.report(rig.now).instances[3]!.latencyMs).toBeCloseTo(80, 0);
  expect(shareOf(3)).toBeLessThan(0.06);
  await rig.advance(15_000);
  expect(shareOf(3)).toBeGreaterThan(0.1);
  expect(shareOf(3)).toBeLessThan(0.19);
  await rig.advance(15_000);
  expect(shareOf(3)).toBeGreaterThan(0.22);
});

test('a service that is mostly new starts nobody slowly', () => {
  const all = instancesIn('------');
  const rig = new Rig(all.slice(0, 2), { policy: 'weighted' });

  rig.balancer.update(listed(all));

  expect((rig.picks(20_000).get(0) ?? 0) / 20_000).toBeLessThan(0.19);
});

test('a hint keeps calls to instances with that metadata; nobody has it: nobody is picked', () => {
  const all = instancesIn('----').map((instance, index) => ({
    ...instance,
    metadata: { version: index < 2 ? '1' : '2' },
  }));
  const rig = new Rig(all);

  expect(rig.picked({ hint: { version: '2' } })).toEqual([2, 3]);
  expect(rig.pick({ hint: { version: '3' } })).toBe(NO_SLOT);
  expect(rig.pick({ hint: { constructor: 'x' } })).toBe(NO_SLOT);
  for (let version = 0; version < 40; version++) rig.pick({ hint: { version: String(version) } });
  rig.balancer.update(listed([...all, { ...all[0]!, id: 'new', address: '10.0.1.1', metadata: { version: '2' } }]));
  expect(rig.picked({ hint: { version: '2' } }).length).toBe(3);
});

test('in a large service a client keeps to a subset, and a hint finds its instances outside of it too', () => {
  const all = Array.from({ length: 400 }, (_, index) =>
    anInstance({
      app: 'orders',
      address: `10.1.${index >> 8}.${index & 255}`,
      metadata: index % 100 === 0 ? { canary: '1' } : {},
    }),
  );
  const rig = new Rig(all, { policy: 'random' });

  expect(rig.picked({}, 2_000)).toHaveLength(20);
  expect(rig.balancer.report(rig.now).instances).toHaveLength(400);
  const canaries = rig.picked({ hint: { canary: '1' } });
  expect(canaries.map((slot) => rig.balancer.instance(slot).metadata)).toEqual(Array(4).fill({ canary: '1' }));
});

test('two instances at one address are one slot', () => {
  const [first] = instancesIn('-');
  const rig = new Rig([first!, { ...first!, id: 'other' }]);
  expect(rig.picked()).toEqual([0]);
  expect(rig.balancer.report(rig.now).instances.map(({ why }) => why)).toEqual([
    'healthy',
    'another instance has the same address',
  ]);
});

test('a report says for each instance whether it gets calls, why, and its part of them', () => {
  const all = [...instancesIn('aabb'), anInstance({ app: 'orders', address: '10.0.9.9', status: 'STARTING' })];
  const rig = new Rig(all, { ownZone: 'a' });
  rig.attempts(5, 2, FAILED);
  rig.attempts(5, 0, OK);
  rig.begin(1);

  const { service, panic, instances } = rig.balancer.report(rig.now);

  expect({ service, panic }).toEqual({ service: 'orders', panic: false });
  expect(
    instances.map(({ eligible, why, health, breaker, inflight }) => ({ eligible, why, health, breaker, inflight })),
  ).toEqual([
    {
      eligible: true,
      why: 'healthy; zone a gets 100 % of the calls',
      health: 'healthy',
      breaker: 'closed',
      inflight: 0,
    },
    {
      eligible: true,
      why: 'healthy; zone a gets 100 % of the calls',
      health: 'healthy',
      breaker: 'closed',
      inflight: 1,
    },
    {
      eligible: false,
      why: expect.stringMatching(/^ejected for failing, probed in 1[0-2] s$/),
      health: 'ejected',
      breaker: 'open',
      inflight: 0,
    },
    {
      eligible: true,
      why: 'healthy; calls go to other zones than b for now',
      health: 'healthy',
      breaker: 'closed',
      inflight: 0,
    },
    { eligible: false, why: 'its status is STARTING', health: 'healthy', breaker: 'closed', inflight: 0 },
  ]);
  expect(instances.map(({ share }) => Math.round(share * 11))).toEqual([5, 1, 5, 0, 0]);
});

test('our own zone and our peers may become known later: within a second calls follow', async () => {
  const rig = new Rig(instancesIn('aaabbb'), { policy: 'random' });
  expect(rig.picked()).toHaveLength(6);

  rig.ownZone = 'b';
  await rig.advance(1_000);

  expect(rig.picked()).toEqual([3, 4, 5]);
});

test('a closed balancer picks nobody, frees its slots, and ignores what still arrives', () => {
  const rig = new Rig(instancesIn('--'));
  const ticket = rig.begin(0);
  rig.attempts(3, 1, FAILED);

  rig.balancer.close();
  rig.balancer.close();
  expect(rig.pick({ hint: {} })).toBe(NO_SLOT);
  rig.settle(0, ticket, FAILED);
  rig.balancer.update(listed(instancesIn('---')));
  rig.balancer.tick(5_000);

  expect(rig.slotEvents).toEqual(['0 freed', '1 freed']);
  expect(rig.pick()).toBe(NO_SLOT);
  expect(rig.balancer.eligible(want())).toBe(0);
});
