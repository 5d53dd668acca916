import type { Clock, Timer } from '../runtime/clock.ts';

interface Waiting {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * Time that a test moves by hand. Wall clock and monotonic clock move together by `advance`; `jump` moves the wall clock alone.
 */
export class FakeClock implements Clock {
  #monotonic = 0;
  #offset: number;
  #order = 0;
  readonly #waiting = new Set<Waiting>();

  /** @param startAt - the first wall-clock time, in epoch ms */
  constructor(startAt = 1_700_000_000_000) {
    this.#offset = startAt;
  }

  now(): number {
    return this.#offset + this.#monotonic;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(ms: number, callback: () => void): Timer {
    const waiting: Waiting = { at: this.#monotonic + Math.max(ms, 0), order: this.#order++, callback };
    this.#waiting.add(waiting);
    return { cancel: () => void this.#waiting.delete(waiting) };
  }

  /** Timers that wait: 0 once everything that a test started has been stopped. */
  get timers(): number {
    return this.#waiting.size;
  }

  /** Moves the wall clock by `ms` (negative: backwards) as a time server or a person would; no timer fires. */
  jump(ms: number): void {
    this.#offset += ms;
  }

  /** Moves time on, firing timers in order; promises that a timer settles have run before the next timer fires. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    await settled();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#waiting.delete(next);
      this.#monotonic = Math.max(this.#monotonic, next.at);
      next.callback();
      await settled();
    }
    this.#monotonic = end;
  }

  #next(end: number): Waiting | undefined {
    let first: Waiting | undefined;
    for (const waiting of this.#waiting) {
      if (waiting.at > end) continue;
      if (first === undefined || waiting.at < first.at || (waiting.at === first.at && waiting.order < first.order)) {
        first = waiting;
      }
    }
    return first;
  }
}

/** Resolves when the promises that are ready have run, a chain of them too: `setImmediate` comes after all microtasks. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
