/** When to speak to the registry next: beats with jitter, retries with full jitter. Knows the clock, sets no timer. */
import { fullJitter } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';

/** Part of a heartbeat's pause that chance decides: processes that started together must not beat together. */
const JITTER_SHARE = 0.1;
/** First ceiling of the pause after a failure, in ms; the last one is a heartbeat. */
const BACKOFF_MS = 1_000;
/** Beats out of turn lie at least so far behind the one before, in ms. */
const OUT_OF_TURN_MS = 1_000;

export class BeatTimes {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #heartbeatMs: number;
  // Monotonic ms.
  #beatAt = 0;
  #beganAt = Number.NEGATIVE_INFINITY;
  #renewedAt = 0;
  #retryAt = 0;
  #failures = 0;

  constructor(clock: Clock, random: Random, heartbeatMs: number) {
    this.#clock = clock;
    this.#random = random;
    this.#heartbeatMs = heartbeatMs;
  }

  get beatDue(): boolean {
    return this.#clock.monotonic() >= this.#beatAt;
  }

  /** Until the next beat, in ms; 0 or less: due. */
  get beatLeftMs(): number {
    return this.#beatAt - this.#clock.monotonic();
  }

  /** How long to wait after a failure, in ms; 0 or less: try. */
  get retryLeftMs(): number {
    return this.#retryAt - this.#clock.monotonic();
  }

  /** Since the registry acknowledged a registration or a beat, in ms. */
  get unrenewedMs(): number {
    return this.#clock.monotonic() - this.#renewedAt;
  }

  /** The latest request failed. */
  get failing(): boolean {
    return this.#failures > 0;
  }

  /** A request goes out. */
  began(): void {
    this.#beganAt = this.#clock.monotonic();
  }

  /** The registry acknowledged a registration or a beat. */
  renewed(): void {
    this.#renewedAt = this.#clock.monotonic();
    this.next();
  }

  /** The next beat is a heartbeat away, a little less by chance. */
  next(): void {
    this.#beatAt = this.#clock.monotonic() + this.#heartbeatMs * (1 - JITTER_SHARE * this.#random());
  }

  /** What is due next, out of turn; asked for again and again, once a second. */
  sooner(): void {
    const at = Math.max(this.#clock.monotonic(), this.#beganAt + OUT_OF_TURN_MS);
    this.#beatAt = Math.min(this.#beatAt, at);
    this.#retryAt = Math.min(this.#retryAt, at);
  }

  /** Whatever waits is due. */
  atOnce(): void {
    this.#beatAt = 0;
    this.retryNow();
  }

  retryNow(): void {
    this.#retryAt = 0;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#retryAt = 0;
  }

  /** @returns how many failures there were in a row, this one included */
  failed(): number {
    const options = { baseMs: BACKOFF_MS, capMs: this.#heartbeatMs };
    this.#retryAt = this.#clock.monotonic() + fullJitter(this.#failures, options, this.#random);
    this.#failures++;
    return this.#failures;
  }
}
