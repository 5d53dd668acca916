/**
 * Whether an instance fails too often: opossum's rolling window over one instance's outcomes, and nothing else of opossum.
 * It decides once, then it is dropped; when the instance may be tried again is the business of its health (`balancer/`).
 */
import { EventEmitter } from 'node:events';
import CircuitBreaker from 'opossum';

export interface FailureRate {
  /** Feeds one settled attempt. On a failure that crosses the threshold, `tripped` is called before this returns. */
  settled(ok: boolean): void;
  /** Leaves nothing behind: no timer, no listener. */
  close(): void;
}

export interface FailureRateOptions {
  /** Outcomes in the window, at least, before it decides. */
  readonly minCalls: number;
  /** Trips at this share of failures or above, 0..1. */
  readonly failureShare: number;
}

/** Makes detectors for the instances of one service; its `rotate` moves all their windows on, once a second. */
export class FailureRates {
  /** One clock for all windows: no timer per breaker. */
  readonly #rotation = new EventEmitter().setMaxListeners(0);
  readonly #options: FailureRateOptions;

  constructor(options: FailureRateOptions) {
    this.#options = options;
  }

  /** @param before - what was counted before the first failure, within the window */
  start(before: { readonly ok: number; readonly failed: number }, tripped: () => void): FailureRate {
    const { minCalls, failureShare } = this.#options;
    const breaker = new CircuitBreaker<[boolean], void>(outcome, {
      timeout: false,
      volumeThreshold: minCalls,
      // opossum opens strictly above its threshold.
      errorThresholdPercentage: failureShare * 100 - 0.01,
      // Never waited for: whoever trips is dropped in the same turn.
      resetTimeout: 2 ** 31 - 1,
      rollingCountTimeout: WINDOW_MS,
      rollingCountBuckets: BUCKETS,
      status: CircuitBreaker.newStatus({
        stats: { successes: before.ok, failures: before.failed, fires: before.ok + before.failed },
        rollingCountTimeout: WINDOW_MS,
        rollingCountBuckets: BUCKETS,
        rotateBucketController: this.#rotation,
        enableSnapshots: false,
        rollingPercentilesEnabled: false,
      } as object),
    });
    breaker.once('open', () => {
      breaker.shutdown();
      tripped();
    });
    return {
      settled: (ok) => void breaker.fire(ok).catch(ignored),
      close: () => breaker.shutdown(),
    };
  }

  rotate(): void {
    this.#rotation.emit('rotate');
  }
}

const WINDOW_MS = 10_000;
const BUCKETS = 10;
const OK = Promise.resolve();

/** Throws at once, so that `open` comes in the turn of the failure. */
function outcome(ok: boolean): Promise<void> {
  if (ok) return OK;
  throw FAILED;
}

const FAILED = new Error('the attempt failed');

function ignored(): void {}
