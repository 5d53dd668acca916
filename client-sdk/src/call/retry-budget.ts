/**
 * How many retries a service may get: a share of what succeeded lately, and a few a second for those that see little traffic. Bounds what
 * retries add to a service that is failing already.
 *
 * @see Finagle `RetryBudget`
 */

/** How long a success counts, in s. */
const WINDOW_SECONDS = 10;
/** Retries a second that are always there. */
const MIN_PER_SECOND = 3;

export class RetryBudget {
  readonly #share: number;
  /** Of the last seconds: what succeeded, and what was withdrawn. */
  readonly #successes = new Float64Array(WINDOW_SECONDS);
  readonly #withdrawn = new Float64Array(WINDOW_SECONDS);
  #second = 0;
  #exhausted = 0;

  /** @param share - retries for each success, 0 to 1 */
  constructor(share: number) {
    this.#share = share;
  }

  /** Retries that could be withdrawn now. */
  get balance(): number {
    let balance = MIN_PER_SECOND * WINDOW_SECONDS * (this.#share > 0 ? 1 : 0);
    for (let index = 0; index < WINDOW_SECONDS; index++) {
      balance += this.#share * this.#successes[index]! - this.#withdrawn[index]!;
    }
    return balance;
  }

  /** Retries that were refused since the start. */
  get exhausted(): number {
    return this.#exhausted;
  }

  succeeded(): void {
    this.#successes[this.#second]!++;
  }

  /** @returns false: the retry is refused */
  withdraw(): boolean {
    if (this.balance < 1) {
      this.#exhausted++;
      return false;
    }
    this.#withdrawn[this.#second]!++;
    return true;
  }

  /** Once a second. */
  tick(): void {
    this.#second = (this.#second + 1) % WINDOW_SECONDS;
    this.#successes[this.#second] = 0;
    this.#withdrawn[this.#second] = 0;
  }
}
