/** What every policy owes, behind the balancer that uses it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BalancerPolicy, Instance, PolicyName } from '../../api.ts';
import { NO_SLOT, Outcome, type Slot, type Ticket } from '../balancer.ts';
import { instancesIn, listed, Rig, type RigOptions } from '../balancer-rig.fixture.ts';

const { OK, FAILED, CONNECT_FAILED, IGNORED } = Outcome;

export interface PolicyContract {
  /** A name, or what makes one of the user's own. */
  readonly policy: PolicyName | (() => BalancerPolicy);
  /** Idle instances are picked in proportion to their weights; else evenly. */
  readonly weighted: boolean;
}

export function policyContract(name: string, { policy, weighted }: PolicyContract): void {
  const aRig = (zones: string, options: RigOptions = {}): Rig =>
    new Rig(instancesIn(zones), { policy: typeof policy === 'function' ? policy() : policy, ...options });

  test(`${name}: of none it picks none, of one that one, of two both`, () => {
    expect(aRig('').pick()).toBe(NO_SLOT);
    expect(aRig('-').picked()).toEqual([0]);
    expect(aRig('--').picked()).toEqual([0, 1]);
  });

  test(`${name}: idle instances get their part within 5 %`, () => {
    const weights = [1, 2, 1, 4, 2];
    const instances = instancesIn('-----').map((instance, index) => ({
      ...instance,
      metadata: { weight: String(weights[index]) },
    }));
    const rig = aRig('');
    rig.balancer.update(listed(instances));

    const counts = rig.picks(100_000);

    for (const [index, weight] of weights.entries()) {
      const part = weighted ? weight / 10 : 1 / 5;
      expect(Math.abs((counts.get(index) ?? 0) / 100_000 / part - 1)).toBeLessThan(0.05);
    }
  });

  test(`${name}: an instance tried is never picked while another may be`, () => {
    const rig = aRig('------');
    for (let round = 0; round < 200; round++) {
      const tried: Slot[] = [];
      for (let attempt = 0; attempt < 6; attempt++) tried.push(rig.pick({ tried: [...tried] }));
      expect([...tried].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    }
  });

  test(`${name}: ejected and draining instances are not picked; with all out, nobody is`, () => {
    const all = instancesIn('-----');
    const rig = aRig('-----');
    rig.attempts(5, 0, FAILED);
    rig.attempts(2, 1, CONNECT_FAILED);
    const down = all.map((instance, slot): Instance => (slot === 2 ? { ...instance, status: 'DOWN' } : instance));
    rig.balancer.update(listed(down));

    expect(rig.picked()).toEqual([3, 4]);
    for (const slot of [3, 4]) rig.attempts(2, slot, CONNECT_FAILED);

    // Panic: the one ejected for failing is better than none.
    expect(rig.picked()).toEqual([0]);
    rig.balancer.update(listed(down.slice(1)));
    expect(rig.pick()).toBe(NO_SLOT);
  });

  test(`${name}: those that left are not picked, those that stay keep what is known of them`, () => {
    const all = instancesIn('----');
    const rig = aRig('----');
    rig.attempt(3, OK, 500);
    const ticket = rig.begin(2);

    rig.balancer.update(listed(all.slice(1)));

    expect(rig.picks(200).has(0)).toBe(false);
    const [, two, three] = rig.balancer.report(rig.now).instances;
    expect([two!.inflight, three!.latencyMs]).toEqual([1, 500]);
    rig.settle(2, ticket);
    rig.settle(2, ticket);
    expect(rig.balancer.report(rig.now).instances[1]!.inflight).toBe(0);
  });

  test(`${name}: a free probe is given to one call at a time`, async () => {
    const rig = aRig('----');
    rig.attempts(5, 0, FAILED);
    await rig.advance(13_000);

    const picks = Array.from({ length: 100 }, () => rig.pick());

    expect(picks.filter((slot) => slot === 0)).toHaveLength(1);
  });

  test(`${name}: a clock that goes backwards hurts nobody`, () => {
    const rig = aRig('---');
    rig.now = 10_000;
    for (const slot of [0, 1, 2]) rig.attempt(slot, OK, 10);
    rig.now = 5_000;

    expect(rig.pick()).not.toBe(NO_SLOT);
    for (const slot of [0, 1, 2]) rig.attempt(slot, OK, 10);
    expect(rig.balancer.report(rig.now).instances.every(({ latencyMs }) => latencyMs > 0 && latencyMs <= 30)).toBe(
      true,
    );
  });

  test(`${name}: what an abort says about health is nothing`, () => {
    const rig = aRig('---');
    rig.attempts(100, 0, IGNORED);
    expect(rig.health).toEqual([]);
    expect(rig.healthOf(0)).toBe('healthy');
  });

  test(`${name}: whatever happens in whatever order, only those are picked that may be, and all that began has ended`, async () => {
    const step = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({ call: fc.constantFrom(OK, FAILED, CONNECT_FAILED, IGNORED), twice: fc.boolean() }),
      },
      { weight: 4, arbitrary: fc.record({ settle: fc.nat(50) }) },
      { weight: 2, arbitrary: fc.record({ list: fc.subarray([0, 1, 2, 3, 4, 5, 6, 7]) }) },
      { weight: 2, arbitrary: fc.record({ waitMs: fc.integer({ min: 0, max: 40_000 }) }) },
    );
    const zones = 'aabbbcc-';
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer(), async (steps, seed) => {
        const rig = aRig(zones, { ownZone: 'a', ownApp: instancesIn('abc', 'shop'), seed });
        const all = instancesIn(zones);
        let addresses = new Set(all.map(({ address }) => address));
        const open: { slot: Slot; ticket: Ticket; outcome: Outcome; twice: boolean }[] = [];
        rig.reachable = () => seed % 2 === 0;
        const settle = (index: number): void => {
          const [attempt] = open.splice(index, 1);
          if (attempt === undefined) return;
          rig.settle(attempt.slot, attempt.ticket, attempt.outcome);
          if (attempt.twice) rig.balancer.judge(attempt.slot, attempt.ticket, FAILED, 1, rig.now, 0);
        };
        for (const one of steps) {
          if ('call' in one) {
            const slot = rig.pick();
            if (slot === NO_SLOT) continue;
            const line = rig.balancer
              .report(rig.now)
              .instances.find(({ instance }) => instance === rig.balancer.instance(slot));
            expect(addresses).toContain(rig.balancer.instance(slot).address);
            // A probe is no longer eligible once it was given away.
            expect(line!.eligible || line!.health === 'probing').toBe(true);
            open.push({ slot, ticket: rig.begin(slot), outcome: one.call, twice: one.twice });
          } else if ('settle' in one) {
            settle(one.settle);
          } else if ('list' in one) {
            addresses = new Set(one.list.map((index) => all[index]!.address));
            rig.balancer.update(listed(one.list.map((index) => all[index]!)));
          } else {
            await rig.advance(one.waitMs);
          }
          for (const { inflight } of rig.balancer.report(rig.now).instances) expect(inflight).toBeGreaterThanOrEqual(0);
        }
        while (open.length > 0) settle(0);
        for (const { inflight } of rig.balancer.report(rig.now).instances) expect(inflight).toBe(0);
        rig.balancer.close();
      }),
      { numRuns: 60 },
    );
  });
}
