/** Every row of the health table, through the balancer that owns it. */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { Instance } from '../api.ts';
import { FailureRates } from '../breaker/failure-rate.ts';
import { BREAKER_DEFAULTS } from '../service-options.ts';
import { NO_SLOT, Outcome } from './balancer.ts';
import { instancesIn, Rig, type RigOptions } from './balancer-rig.fixture.ts';

const { OK, FAILED, CONNECT_FAILED, IGNORED } = Outcome;

/** With a policy that picks whoever may be picked: costs hide nobody. */
function aRig(instances: readonly Instance[], options: RigOptions = {}): Rig {
  return new Rig(instances, { policy: 'random', ...options });
}

test('a success leaves a healthy instance healthy and starts its count of failures again', () => {
  const rig = aRig(instancesIn('---'));

  rig.attempts(4, 0, FAILED);
  rig.attempt(0, OK);
  rig.attempts(4, 0, FAILED);

  expect(rig.healthOf(0)).toBe('healthy');
  expect(rig.health).toEqual([]);
});

test('five failures in a row eject, and the instance gets no more calls', () => {
  const rig = aRig(instancesIn('---'));

  rig.attempts(5, 0, FAILED);

  expect(rig.health).toMatchObject([
    { instance: '10.0.0.1:orders:8080', from: 'healthy', to: 'ejected', reason: 'consecutive' },
  ]);
  expect(rig.picked()).toEqual([1, 2]);
});

test('half of ten outcomes that failed eject, in the turn of the failure', () => {
  const rig = aRig(instancesIn('---'));

  for (let pair = 0; pair < 4; pair++) {
    rig.attempt(0, OK);
    rig.attempt(0, FAILED);
  }
  rig.attempt(0, OK);
  expect(rig.health).toEqual([]);
  rig.attempt(0, FAILED);

  expect(rig.health).toMatchObject([{ to: 'ejected', reason: 'rate' }]);
});

test('a breaker is primed with the successes before the first failure', () => {
  const rig = aRig(instancesIn('---'));

  rig.attempts(9, 0, OK);
  for (let failure = 0; failure < 4; failure++) {
    rig.attempt(0, FAILED);
    rig.attempt(0, FAILED);
    rig.attempt(0, OK);
  }

  // 8 of 21 failed. Without the nine before, 4 of 6 and then 7 of 10 would have tripped it.
  expect(rig.health).toEqual([]);
});

test('failures more than 10 s old are forgotten, and after 20 s without one nobody watches any more', async ({
  onTestFinished,
}) => {
  const watched = vi.spyOn(FailureRates.prototype, 'start');
  onTestFinished(() => watched.mockRestore());
  const rig = aRig(instancesIn('---'), { breaker: { ...BREAKER_DEFAULTS, consecutive: 100 } });
  rig.attempts(9, 0, FAILED);

  await rig.advance(12_000);
  rig.attempts(9, 0, FAILED);
  expect(rig.health).toEqual([]);
  expect(watched).toHaveBeenCalledTimes(1);
  await rig.advance(20_000);
  rig.attempt(0, FAILED);

  expect(watched).toHaveBeenCalledTimes(2);
});

test('the first refused connection makes an instance suspect: it is picked after the clean ones until it answers', () => {
  const rig = aRig(instancesIn('---'));

  rig.attempt(0, CONNECT_FAILED);

  expect(rig.healthOf(0)).toBe('healthy');
  expect(rig.picked()).toEqual([1, 2]);
  expect(rig.picked({ tried: [1, 2] })).toEqual([0]);
  rig.attempt(0, OK);
  expect(rig.picked()).toEqual([0, 1, 2]);
});

test('a suspect that nobody picks is asked by TCP after a second: it is clean again, or out', async () => {
  const rig = aRig(instancesIn('----'));
  rig.reachable = ({ address }) => address === '10.0.0.1';
  rig.attempt(0, CONNECT_FAILED);
  rig.attempt(1, CONNECT_FAILED);

  await rig.advance(1_000);

  expect(rig.picked()).toEqual([0, 2, 3]);
  expect(rig.health).toMatchObject([{ instance: '10.0.0.2:orders:8080', to: 'ejected', reason: 'connect' }]);
});

test('two refused connections in a row eject at once, all instances if need be', () => {
  const rig = aRig(instancesIn('--'));

  rig.attempts(2, 0, CONNECT_FAILED);
  rig.attempts(2, 1, CONNECT_FAILED);

  expect(rig.health.map(({ reason }) => reason)).toEqual(['connect', 'connect']);
  expect(rig.pick()).toBe(NO_SLOT);
});

test('whoever hears of an ejection may take back its attempts and pick anew at once', () => {
  const rig = aRig(instancesIn('---'));
  const waiting = [rig.begin(0), rig.begin(0)];
  const again: number[] = [];
  rig.balancer.onHealth(({ slot }) => {
    for (const ticket of waiting) {
      rig.balancer.judge(slot, ticket, IGNORED, 1, rig.now, 0);
      rig.balancer.end(slot, ticket);
      again.push(rig.pick({ tried: [slot] }));
    }
  });

  rig.attempts(2, 0, CONNECT_FAILED);

  expect(again.every((slot) => slot === 1 || slot === 2)).toBe(true);
  expect(again).toHaveLength(2);
  expect(rig.balancer.report(rig.now).instances.map(({ inflight }) => inflight)).toEqual([0, 0, 0]);
});

test('half of those reachable are ejected for failing, and never the last one', () => {
  const rig = aRig(instancesIn('----'));

  for (const slot of [0, 1, 2, 3]) rig.attempts(12, slot, FAILED);
  expect(rig.health.map(({ instance }) => instance)).toEqual(['10.0.0.1:orders:8080', '10.0.0.2:orders:8080']);
  expect(rig.picked()).toEqual([2, 3]);
  expect(rig.why(2)).toContain('too many others are out');
  rig.attempt(2, OK);
  expect(rig.why(2)).toBe('healthy');

  const alone = aRig(instancesIn('-'));
  alone.attempts(50, 0, FAILED);
  expect(alone.health).toEqual([]);
  expect(alone.pick()).toBe(0);
});

test('an ejection ends after 10 s and up to a fifth more; then one call probes', async () => {
  const rig = aRig(instancesIn('---'));
  rig.attempts(5, 0, FAILED);

  await rig.advance(9_000);
  expect(rig.picked()).toEqual([1, 2]);
  await rig.advance(4_000);

  expect(rig.health.at(-1)).toMatchObject({ from: 'ejected', to: 'probing', reason: 'expired' });
  expect(rig.pick()).toBe(0);
  rig.begin(0);
  expect(rig.picked()).toEqual([1, 2]);
});

test('a good probe closes the matter: healthy, counters at zero, starting slowly', async () => {
  const rig = aRig(instancesIn('----'), { policy: 'weighted' });
  rig.attempts(5, 0, FAILED);
  await rig.advance(13_000);

  expect(rig.pick()).toBe(0);
  rig.attempt(0, OK);

  expect(rig.health.at(-1)).toMatchObject({ from: 'probing', to: 'healthy', reason: 'probe-ok' });
  const share = (rig.picks(20_000).get(0) ?? 0) / 20_000;
  expect(share).toBeGreaterThan(0.01);
  expect(share).toBeLessThan(0.1);
  expect(rig.balancer.report(rig.now).instances[0]!.latencyMs).toBeLessThanOrEqual(30);
  rig.attempts(4, 0, FAILED);
  expect(rig.healthOf(0)).toBe('healthy');
});

test('a failed probe ejects for longer; a probe that is refused makes it a matter of connecting', async () => {
  const rig = aRig(instancesIn('---'));
  rig.attempts(5, 0, FAILED);
  await rig.advance(13_000);

  rig.pick();
  rig.attempt(0, FAILED);
  expect(rig.health.at(-1)).toMatchObject({ from: 'probing', to: 'ejected', reason: 'probe-failed' });
  expect(rig.health.at(-1)!.until! - rig.now).toBeGreaterThanOrEqual(20_000);
  await rig.advance(25_000);
  rig.pick();
  rig.attempt(0, CONNECT_FAILED);

  expect(rig.why(0)).toContain('refuses connections');
});

test('a probe that says nothing goes to the next call', async () => {
  const rig = aRig(instancesIn('---'));
  rig.attempts(5, 0, FAILED);
  await rig.advance(13_000);

  expect(rig.pick()).toBe(0);
  rig.attempt(0, IGNORED);
  expect(rig.pick()).toBe(0);
  const ticket = rig.begin(0);
  rig.balancer.end(0, ticket);
  expect(rig.pick()).toBe(0);
});

test('the end of an aborted probe does not take away the next one', async () => {
  const rig = aRig(instancesIn('---'));
  rig.attempts(5, 0, FAILED);
  await rig.advance(13_000);

  rig.pick();
  const first = rig.begin(0);
  rig.balancer.judge(0, first, IGNORED, 1, rig.now, 0);
  expect(rig.pick()).toBe(0);
  rig.begin(0);
  rig.balancer.end(0, first);

  expect(rig.picked()).toEqual([1, 2]);
});

test('a call that cannot be repeated gets no probe until one has waited for 10 s, and never one it has tried', async () => {
  const rig = aRig(instancesIn('---'));
  rig.attempts(5, 0, FAILED);
  await rig.advance(13_000);

  expect(rig.picked({ repeatable: false })).toEqual([1, 2]);
  expect(rig.picked({ tried: [0] })).toEqual([1, 2]);
  await rig.advance(10_000);

  expect(rig.pick({ repeatable: false })).toBe(0);
});

test('what arrives from before an ejection changes no health', async () => {
  const rig = aRig(instancesIn('---'));
  const early = rig.begin(0);
  const late = rig.begin(0);
  rig.attempts(5, 0, FAILED);

  rig.settle(0, early, OK);
  expect(rig.healthOf(0)).toBe('ejected');
  await rig.advance(13_000);
  rig.pick();
  rig.settle(0, late, OK);

  expect(rig.healthOf(0)).toBe('probing');
  expect(rig.balancer.report(rig.now).instances[0]!.inflight).toBe(0);
});

test('a refused instance is asked by TCP ever more rarely; once it accepts, one call probes it', async () => {
  const rig = aRig(instancesIn('---'));
  let up = false;
  rig.reachable = () => up;
  rig.attempts(2, 0, CONNECT_FAILED);

  await rig.advance(120_000);
  expect(rig.asked.length).toBeGreaterThan(5);
  expect(rig.asked.length).toBeLessThan(20);
  expect(rig.picked()).toEqual([1, 2]);
  up = true;
  await rig.advance(33_000);

  expect(rig.health.at(-1)).toMatchObject({ to: 'probing', reason: 'expired' });
  expect(rig.pick()).toBe(0);
});

test('with too few healthy ones, those ejected for failing are used again, and a success there brings them back', () => {
  const rig = aRig(instancesIn('----'));
  rig.attempts(5, 0, FAILED);
  rig.attempts(2, 1, CONNECT_FAILED);
  rig.attempts(2, 2, CONNECT_FAILED);

  expect(rig.balancer.report(rig.now).panic).toBe(true);
  expect(rig.picked()).toEqual([0, 3]);
  expect(rig.why(0)).toContain('since too few are healthy');
  rig.attempt(0, OK);

  expect(rig.health.at(-1)).toMatchObject({ from: 'ejected', to: 'healthy', reason: 'probe-ok' });
});

test('k falls by one for each 10 s of health', async () => {
  const rig = aRig(instancesIn('---'));
  const ejectedForMs = (): number => {
    rig.attempts(5, 0, FAILED);
    return rig.health.at(-1)!.until! - rig.now;
  };
  const heal = async (): Promise<void> => {
    await rig.advance(25_000);
    rig.pick();
    rig.attempt(0, OK);
  };

  expect(ejectedForMs()).toBeLessThanOrEqual(12_000);
  await heal();
  expect(ejectedForMs()).toBeGreaterThanOrEqual(20_000);
  await heal();
  await rig.advance(40_000);

  expect(ejectedForMs()).toBeLessThanOrEqual(12_000);
});

test('among ten busy instances, one that fails clearly more often than the rest is ejected by the sweep', async () => {
  const rig = aRig(instancesIn('----------'));
  await rig.advance(1_000);

  for (let slot = 0; slot < 10; slot++) {
    for (let call = 0; call < 60; call++) rig.attempt(slot, slot === 3 && call % 8 === 0 ? FAILED : OK);
  }
  await rig.advance(10_000);

  expect(rig.health).toMatchObject([{ instance: '10.0.0.4:orders:8080', reason: 'outlier' }]);
});

test('a stall of the process postpones the end of ejections and teaches no latency', async () => {
  const rig = aRig(instancesIn('---'));
  await rig.advance(1_000);
  rig.attempt(1, OK, 10);
  const before = rig.balancer.report(rig.now).instances[1]!.latencyMs;
  rig.attempts(5, 0, FAILED);
  const ticket = rig.begin(1);

  rig.now += 20_000;
  rig.balancer.tick(rig.now);
  rig.settle(1, ticket, OK, 20_000);

  expect(rig.healthOf(0)).toBe('ejected');
  expect(rig.balancer.report(rig.now).instances[1]!.latencyMs).toBeLessThanOrEqual(before);
});

test('with the breaker off nobody is ejected for failing, and those that refuse connections still are', async () => {
  const rig = aRig(instancesIn('---'), { breaker: false });

  rig.attempts(50, 0, FAILED);
  expect(rig.picked()).toEqual([0, 1, 2]);
  rig.attempts(2, 0, CONNECT_FAILED);
  expect(rig.picked()).toEqual([1, 2]);
  await rig.advance(3_000);
  expect(rig.pick()).toBe(0);
  rig.attempt(0, FAILED);

  expect(rig.health.map(({ reason }) => reason)).toEqual(['connect', 'expired', 'probe-failed']);
  await rig.advance(25_000);
  expect(rig.pick()).toBe(0);
});

test('a failing probe given to nobody who answers is given away again after 5 min', async () => {
  const rig = aRig(instancesIn('---'));
  rig.attempts(5, 0, FAILED);
  await rig.advance(13_000);
  expect(rig.pick()).toBe(0);
  rig.begin(0);

  await rig.advance(290_000);
  expect(rig.picked()).toEqual([1, 2]);
  await rig.advance(11_000);

  expect(rig.pick()).toBe(0);
});

test('whatever fails in whatever order, soft ejections leave half of those reachable, and one at least', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 9 }),
      fc.array(
        fc.record({ slot: fc.nat(8), outcome: fc.constantFrom(OK, FAILED, FAILED, CONNECT_FAILED), waits: fc.nat(20) }),
        {
          maxLength: 120,
        },
      ),
      async (count, steps) => {
        const rig = aRig(instancesIn('-'.repeat(count)));
        rig.reachable = () => false;
        const refused = new Set<number>();
        for (const { slot, outcome, waits } of steps) {
          if (slot >= count) continue;
          rig.attempts(6, slot, outcome);
          if (outcome === CONNECT_FAILED) refused.add(slot);
          if (waits === 0) await rig.advance(5_000);
          const { instances } = rig.balancer.report(rig.now);
          const reachable = instances.filter((_, index) => !refused.has(index));
          const out = reachable.filter(({ health }) => health !== 'healthy').length;
          expect(out).toBeLessThanOrEqual(Math.max(1, Math.floor(reachable.length / 2)) + refused.size);
          if (refused.size === 0) expect(out).toBeLessThan(Math.max(2, reachable.length));
        }
      },
    ),
    { numRuns: 150 },
  );
});
