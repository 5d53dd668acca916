import type { Clock, Timer } from '../runtime/clock.ts';

/** Fires when nothing was heard for `ms`. Hearing costs a number; the timer is set again only when it fires too early. */
export class IdleTimer {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #expired: () => void;
  #timer: Timer;
  #heardAt: number;

  readonly heard = (): void => {
    this.#heardAt = this.#clock.monotonic();
  };

  constructor(clock: Clock, ms: number, expired: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#expired = expired;
    this.#heardAt = clock.monotonic();
    this.#timer = clock.after(ms, this.#check);
  }

  cancel(): void {
    this.#timer.cancel();
  }

  readonly #check = (): void => {
    const leftMs = this.#heardAt + this.#ms - this.#clock.monotonic();
    if (leftMs <= 0) this.#expired();
    else this.#timer = this.#clock.after(leftMs, this.#check);
  };
}
