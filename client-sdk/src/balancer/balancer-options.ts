/**
 * What a service's balancer is told (a part of the service's options), and the numbers that nobody sets, each with its reason.
 */
import type { BalancerPolicy, BreakerOptions, PolicyName, ServiceOptions } from '../api.ts';

export interface BalancerOptions {
  readonly policy: PolicyName | BalancerPolicy;
  readonly zoneMode: ServiceOptions['zoneMode'];
  /** false: no ejection by failures; refused connections still make an instance suspect, then eject it. */
  readonly breaker: Omit<BreakerOptions, 'isFailure'> | false;
}

export const TUNING = {
  /** Finagle's and Linkerd's time constant; see `Slots.latencyMs` for what is ours. */
  decayMs: 10_000,
  /** Linkerd's guess for an instance about which nothing is known. */
  firstGuessMs: 30,
  /** What a failure counts as, at least: a fast failure must not look like a fast answer. */
  penaltyMs: 1_000,
  /** The same, in medians of the service. */
  penaltyMedians: 10,
  /** A server may ask for more by `Retry-After`, up to here: beyond it the instance would hardly come back. */
  maxPenaltyMs: 60_000,

  /** Connect failures in a row until nobody tries any more; one is enough to be picked last. */
  connectFailures: 2,
  /** First and longest pause between two TCP probes of an instance that refuses (Finagle FailFast). */
  tcpProbe: { baseMs: 1_000, capMs: 32_000 },
  /** Jitter on top of an ejection, so that many clients do not come back together. */
  ejectJitter: 0.2,
  /** Of the instances that accept connections, at most this share is ejected for failing. */
  maxEjectShare: 0.5,
  /** Below this share of healthy ones (by weight), the softly ejected are used again (Envoy). */
  panicShare: 0.5,
  /** Envoy's interval of outlier sweeps; k falls by one for each healthy one. */
  sweepMs: 10_000,
  /** Outliers: judged among 8 instances of 50 outcomes each, 1.9 deviations under the mean, and only at 95 % success or less. */
  outlier: { hosts: 8, volume: 50, deviations: 1.9, successShare: 0.95 },
  /** Two clean windows: its failure rate is no longer watched. */
  cleanMs: 20_000,
  /** A probe that was never settled is given to somebody else. */
  lostProbeMs: 300_000,

  /** An instance that left is forgotten, whatever is in flight. */
  drainMs: 30_000,
  /** An instance that was not UP for longer comes back as a new one. */
  restoreMs: 300_000,

  slowStart: { windowMs: 30_000, least: 0.1, mostShare: 1 / 3 },
  /** Above this many instances a client keeps to a subset. */
  subset: { above: 100, size: 20, perZone: 3 },
  /** What an answer from another zone costs in mode `bias`. */
  crossZoneCost: 1.3,
  /** Views by metadata, kept per service. */
  hintViews: 16,
  /** A ticker that is this late means that the process stood still: nobody else was slow. */
  stallMs: 3_000,
} as const;
