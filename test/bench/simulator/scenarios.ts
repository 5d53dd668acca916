/** The situations that policies are compared in, and what is read off each. */
import type { BalancerOptions } from '../../../client-sdk/src/balancer/balancer-options.ts';
import { BREAKER_DEFAULTS, POLICY_NAMES } from '../../../client-sdk/src/service-options.ts';
import type { Condition } from './server.ts';
import { type Outcomes, type Simulation, simulate } from './simulate.ts';

export interface Contender {
  readonly name: string;
  readonly options: BalancerOptions;
}

const alone = (policy: string): BalancerOptions => ({ policy, zoneMode: 'off', breaker: false });

/** Each policy alone, without ejection by failures; and the default as it is shipped. */
export const CONTENDERS: readonly Contender[] = [
  ...POLICY_NAMES.map((name) => ({ name, options: alone(name) })),
  { name: 'peak-ewma, ejections on', options: { policy: 'peak-ewma', zoneMode: 'off', breaker: BREAKER_DEFAULTS } },
];

export interface Times {
  readonly warmMs: number;
  readonly measureMs: number;
}
export const WHOLE: Times = { warmMs: 30_000, measureMs: 90_000 };

const SLOW: Condition = { is: 'serving', meanMs: 100 };
const base = { servers: 10, clients: 8, workers: 4, load: 0.5, retries: 0, seed: 1 };

const slowFirst = (server: number): Condition | undefined => (server === 0 ? SLOW : undefined);

export type Run = (options: BalancerOptions, times: Times, seed: number) => Promise<Outcomes>;

const run =
  (plan: Partial<Simulation>): Run =>
  (options, times, seed) =>
    simulate({ ...base, ...plan, ...times, options, seed });

/** One of ten is ten times as slow; with eight clients and with fifty, each of which sees little. */
export const oneSlow = run({ condition: slowFirst });
export const oneSlowManyClients = run({ condition: slowFirst, clients: 50 });
export const oneOfThreeSlow = run({ servers: 3, load: 0.4, condition: slowFirst });
export const allEqual = run({});
export const allEqualBusy = run({ load: 0.8 });
/** One of ten answers 503 in a millisecond. */
export const oneFailing = run({ load: 0.6, condition: (server) => (server === 0 ? { is: 'failing' } : undefined) });

/** One of ten is slow up to the end of the warm-up, then well. */
export const recovering: Run = (options, times, seed) =>
  simulate({
    ...base,
    ...times,
    options,
    seed,
    condition: (server, now) => (server === 0 && now < times.warmMs ? SLOW : undefined),
  });

/** One of ten fails everything up to the end of the warm-up, then is well. */
export const mended: Run = (options, times, seed) =>
  simulate({
    ...base,
    ...times,
    options,
    seed,
    retries: 1,
    condition: (server, now) => (server === 0 && now < times.warmMs ? { is: 'failing' } : undefined),
  });

/** One of ten is gone from the end of the warm-up on; its lease is still held. One retry elsewhere. */
export const killed: Run = (options, times, seed) =>
  simulate({
    ...base,
    ...times,
    options,
    seed,
    workers: 8,
    load: 0.4,
    retries: 1,
    condition: (server, now) => (server === 0 && now >= times.warmMs ? { is: 'refusing' } : undefined),
  });

export const vanished: Run = (options, times, seed) =>
  simulate({
    ...base,
    ...times,
    options,
    seed,
    workers: 8,
    load: 0.4,
    retries: 1,
    condition: (server, now) => (server === 0 && now >= times.warmMs ? { is: 'black hole' } : undefined),
  });

/** The first server's part of the attempts measured, 0 to 1. */
export function firstShare({ attempts }: Outcomes): number {
  return attempts[0]! / attempts.reduce((sum, count) => sum + count, 0);
}

/** A line that grows for the whole run: no quantile means anything then. */
export function diverges({ oldestMs }: Outcomes): boolean {
  return oldestMs > 5_000;
}

/**
 * Seconds from the end of the warm-up until the first server has half of its fair share again, over five seconds.
 * @returns undefined: never in this run
 */
export function secondsToHalfShare({ perSecond }: Outcomes, { warmMs }: Times): number | undefined {
  const from = warmMs / 1_000;
  for (let second = from; second + 5 <= perSecond.length; second++) {
    const window = perSecond.slice(second, second + 5);
    const first = window.reduce((sum, counts) => sum + counts[0]!, 0);
    const all = window.flat().reduce((sum, count) => sum + count, 0);
    if (first >= (all / window[0]!.length) * 0.5) return second - from;
  }
  return undefined;
}
