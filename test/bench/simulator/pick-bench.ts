/**
 * What a pick costs (G1), and a change of the list (G2): medians of rounds, in ns and ms, and bytes left on the heap by each pick.
 * Every case runs in a process of its own: what V8 learnt from one policy would spoil the next.
 *
 * Run: node --expose-gc --import tsx --conditions=heureka-source test/bench/simulator/pick-bench.ts
 */
import { spawnSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { Dice } from '../../../client-sdk/src/balancer/dice.ts';
import { GroupView } from '../../../client-sdk/src/balancer/group-view.ts';
import { policyKind } from '../../../client-sdk/src/balancer/policies/policies.ts';
import { ServiceBalancer } from '../../../client-sdk/src/balancer/service-balancer.ts';
import { Slots } from '../../../client-sdk/src/balancer/slots.ts';
import { systemClock } from '../../../client-sdk/src/runtime/clock.ts';
import { seededRandom } from '../../../client-sdk/src/runtime/random.ts';
import { BREAKER_DEFAULTS, POLICY_NAMES } from '../../../client-sdk/src/service-options.ts';
import { A_CALL, fleet, listOf } from './fleet.ts';

const ROUNDS = 15;
const BLOCK = 1_000;
const BLOCKS = 200;
const NOBODY: readonly number[] = [];
/** Room for all garbage of a measurement: what is collected meanwhile would not be seen. */
const NO_COLLECTION = ['--min-semi-space-size=128', '--max-semi-space-size=128'];

function median(numbers: number[]): number {
  return numbers.sort((a, b) => a - b)[numbers.length >> 1]!;
}

/**
 * Times as callers have them, who read a clock: objects, once made. In a list of numbers only, V8 would keep them bare and make an object of one
 * for each call that it does not inline: the bench's own garbage.
 */
const TIMES: readonly unknown[] = ['', ...Array.from({ length: (10 + ROUNDS + 50) * BLOCKS }, (_, at) => at + 0.5)];

/** @param one - one pick; its time stands still for a thousand, as in a turn of the event loop */
function cost(one: (now: number) => number): string {
  // Kept a small integer: a number that grows would be the bench's own garbage.
  let seen = 0;
  const block = (now: number): void => {
    for (let index = 0; index < BLOCK; index++) seen ^= one(now);
  };
  const round = (from: number): void => {
    for (let index = 0; index < BLOCKS; index++) block(TIMES[1 + from + index] as number);
  };
  for (let warm = 0; warm < 10; warm++) round(warm * BLOCKS);
  const ns = median(
    Array.from({ length: ROUNDS }, (_, index) => {
      const start = performance.now();
      round((10 + index) * BLOCKS);
      return ((performance.now() - start) * 1e6) / (BLOCK * BLOCKS);
    }),
  );
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < 5; index++) round((50 + index) * BLOCKS);
  const bytes = (process.memoryUsage().heapUsed - before) / (5 * BLOCK * BLOCKS);
  if (!Number.isInteger(seen)) throw new Error('no pick gave a slot');
  return `${ns.toFixed(0).padStart(6)} ns  ${bytes.toFixed(2).padStart(6)} bytes a pick`;
}

function aBalancer(ownZone: string | undefined): ServiceBalancer {
  return new ServiceBalancer({
    options: { policy: 'peak-ewma', zoneMode: 'balanced', breaker: BREAKER_DEFAULTS },
    random: Math.random,
    ownZone: () => ownZone,
    ownApp: () => undefined,
    probe: async () => true,
  });
}

function aPolicy(policy: string, count: number): string {
  const slots = new Slots();
  for (const instance of fleet(count)) slots.take(instance, 30, 0);
  for (let slot = 0; slot < count; slot++) slots.observe(slot, 20 + (slot % 50), 0);
  const one = policyKind(policy, new Dice(seededRandom(1))).make();
  one.update(
    new GroupView(
      Array.from({ length: count }, (_, slot) => slot),
      slots,
    ),
  );
  return cost((now) => one.pick(now, NOBODY));
}

function aService(count: number, ownZone: string | undefined): string {
  const balancer = aBalancer(ownZone);
  balancer.update(listOf(fleet(count)));
  return cost((now) => balancer.pick(now, A_CALL));
}

function aChange(count: number): string {
  const balancer = aBalancer('z0');
  const instances = fleet(count);
  const times = Array.from({ length: 40 }, (_, round) => {
    const list = listOf(instances.map((instance, index) => (index === round ? { ...instance } : instance)));
    const start = performance.now();
    balancer.update(list);
    balancer.pick(0, A_CALL);
    return performance.now() - start;
  });
  return `${median(times).toFixed(2).padStart(6)} ms`;
}

const cases = new Map<string, () => string>([['no pick at all', () => cost((now) => now & 7)]]);
for (const count of [10, 100, 1_000, 10_000]) {
  cases.set(`balancer, ${count} instances`, () => aService(count, undefined));
  cases.set(`balancer, ${count} instances, in zones`, () => aService(count, 'z0'));
}
for (const policy of POLICY_NAMES) {
  cases.set(`${policy} alone, 10 instances`, () => aPolicy(policy, 10));
  cases.set(`${policy} alone, 1000 instances`, () => aPolicy(policy, 1_000));
}
cases.set('the clock alone', () => cost(() => systemClock.monotonic() & 7));
cases.set('the clock, and a pick of 1000 at its time', () => {
  const balancer = aBalancer(undefined);
  balancer.update(listOf(fleet(1_000)));
  return cost(() => balancer.pick(systemClock.monotonic(), A_CALL));
});
cases.set('peak-ewma alone, 10000 instances', () => aPolicy('peak-ewma', 10_000));
for (const count of [100, 1_000, 10_000]) {
  cases.set(`a list of ${count} with one change, and a pick`, () => aChange(count));
}

const chosen = process.argv[2];
if (chosen === undefined) {
  for (const name of cases.keys()) {
    spawnSync(process.execPath, [...process.execArgv, ...NO_COLLECTION, fileURLToPath(import.meta.url), name], {
      stdio: 'inherit',
    });
  }
} else {
  console.log(chosen.padEnd(48), cases.get(chosen)?.());
}
