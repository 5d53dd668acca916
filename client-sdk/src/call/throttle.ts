/**
 * Sheds calls of a service that accepts less than half of them: what would most likely fail is refused here, at once, and the service gets air.
 *
 * @see Google SRE book, "Handling Overload": client-side throttling, K = 2
 */
import type { Random } from '../runtime/random.ts';

const WINDOW_SECONDS = 60;
/** Below so many calls in the window nothing is shed. */
const MIN_CALLS = 20;
/** Some calls always go through: how else would recovery be seen. */
const MAX_SHED = 0.95;
/** Of accepted calls: calls up to this multiple are sent. */
const K = 2;

export class Throttle {
  readonly #random: Random;
  readonly #calls = new Float64Array(WINDOW_SECONDS);
  readonly #accepted = new Float64Array(WINDOW_SECONDS);
  #callsSum = 0;
  #acceptedSum = 0;
  #second = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Of calls that come now, the share that is shed: 0 to 0.95. */
  get shedShare(): number {
    if (this.#callsSum < MIN_CALLS) return 0;
    return Math.min(MAX_SHED, Math.max(0, (this.#callsSum - K * this.#acceptedSum) / (this.#callsSum + 1)));
  }

  /** One call wants to start. @returns false: shed it; it counts as a call that was not accepted */
  admit(): boolean {
    const share = this.shedShare;
    if (share === 0 || this.#random() >= share) return true;
    this.#count();
    return false;
  }

  /**
   * A call that was admitted has ended, after its retries. Counted only now: what is still on its way says nothing yet.
   *
   * @param accepted - with an answer that speaks for the service
   */
  settled(accepted: boolean): void {
    if (accepted) {
      // The first success after nothing but failures: the service is back, and must not wait for the window to pass.
      if (this.#acceptedSum === 0 && this.#callsSum > MIN_CALLS) this.#forget();
      this.#accepted[this.#second]!++;
      this.#acceptedSum++;
    }
    this.#count();
  }

  /** Once a second. */
  tick(): void {
    this.#second = (this.#second + 1) % WINDOW_SECONDS;
    this.#callsSum -= this.#calls[this.#second]!;
    this.#acceptedSum -= this.#accepted[this.#second]!;
    this.#calls[this.#second] = 0;
    this.#accepted[this.#second] = 0;
  }

  #count(): void {
    this.#calls[this.#second]!++;
    this.#callsSum++;
  }

  #forget(): void {
    this.#calls.fill(0);
    this.#callsSum = 0;
  }
}
