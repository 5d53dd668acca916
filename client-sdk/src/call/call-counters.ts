/** What a service's calls came to since the start, as plain numbers: counted on the hot path, read by whoever shows metrics. */

import type { HealthEvent } from '../api.ts';

/** Upper bounds of the buckets of time to response headers, in ms; the last bucket has none. */
export const LATENCY_BOUNDS_MS: readonly number[] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

export class CallCounters {
  /** Calls whose answer speaks for the service. */
  succeeded = 0;
  /** Calls that ended in an error, or in an answer that counts against the service. */
  failed = 0;
  /** Refused here, before anything was sent. */
  shed = 0;
  /** Ended by their caller. */
  aborted = 0;
  /** Answered by the fallback. */
  fallbacks = 0;
  attempts = 0;
  /** Attempts that went to another zone than ours; none while ours is unknown. */
  crossZone = 0;
  attemptsFailed = 0;
  /** Sent again although it may have been received. */
  retries = 0;
  /** Sent again because nothing had been sent. */
  retriesUnsent = 0;
  retriesRefused = 0;
  /** Attempts that found all connections of their instance busy for too long. */
  poolWaits = 0;
  /** Attempts made while too few instances were healthy. */
  panicPicks = 0;
  /** Ejections by their reason. */
  readonly ejections = new Map<HealthEvent['reason'], number>();
  inflight = 0;
  latencySumMs = 0;
  readonly latency: Float64Array = new Float64Array(LATENCY_BOUNDS_MS.length + 1);

  observe(ms: number): void {
    this.latencySumMs += ms;
    let bucket = 0;
    while (bucket < LATENCY_BOUNDS_MS.length && ms > LATENCY_BOUNDS_MS[bucket]!) bucket++;
    this.latency[bucket]!++;
  }
}
