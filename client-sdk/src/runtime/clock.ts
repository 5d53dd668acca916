/**
 * Time. Nothing outside `runtime/` reads the clock or sets a timer, so that tests can move time instead of waiting for it.
 */
import { performance } from 'node:perf_hooks';

/** A started timer. */
export interface Timer {
  /** Stops it; harmless when it has fired or was stopped before. */
  cancel(): void;
}

/** How a timer behaves beside firing once. */
export interface TimerOptions {
  /** Whether the process stays alive for this timer alone; default false. */
  readonly keepAlive?: boolean;
}

export interface Clock {
  /** Wall-clock time in epoch ms. It can jump, both ways. */
  now(): number;
  /** Milliseconds since an arbitrary origin, with fractions. Never goes backwards. */
  monotonic(): number;
  /** Calls `callback` once, `ms` from now (at once, in a later turn, when `ms <= 0`). */
  after(ms: number, callback: () => void, options?: TimerOptions): Timer;
}

/** The longest time a Node timer can wait; anything longer would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The machine's clock. It has no state of its own, so one per process is enough. */
export const systemClock: Clock = {
  now: () => Date.now(),
  // The imported one: the global is a getter, and calls read this.
  monotonic: () => performance.now(),
  after(ms, callback, options) {
    const timer = setTimeout(callback, Math.min(Math.max(ms, 0), MAX_TIMER_MS));
    if (options?.keepAlive !== true) timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/**
 * Waits `ms`, or until `signal` aborts, whichever comes first.
 *
 * @returns true when the whole time passed, false when the wait was cut short; it never rejects
 */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal, options?: TimerOptions): Promise<boolean> {
  if (signal?.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const stop = (): void => {
      timer.cancel();
      resolve(false);
    };
    const timer = clock.after(
      ms,
      () => {
        signal?.removeEventListener('abort', stop);
        resolve(true);
      },
      options,
    );
    signal?.addEventListener('abort', stop, { once: true });
  });
}
