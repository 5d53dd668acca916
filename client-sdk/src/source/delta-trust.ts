/**
 * Whether a server's deltas are worth asking for. After three in a row whose hash did not match they are left alone for an hour, and full lists
 * are fetched instead, ever more seldom: each costs the server and our loop much (sdk-engine S8).
 */
const PATIENCE = 3;
const RETRY_MS = 3_600_000;
const FIRST_PAUSE_MS = 30_000;
const MAX_PAUSE_MS = 300_000;

export class DeltaTrust {
  #mismatches = 0;
  /** Monotonic ms; undefined: trusted. */
  #lostUntil: number | undefined;
  #pauseMs = FIRST_PAUSE_MS;

  /** Whether deltas may be asked for: always, or again after an hour. */
  allows(now: number): boolean {
    return this.#lostUntil === undefined || now >= this.#lostUntil;
  }

  matched(): void {
    this.#mismatches = 0;
    this.#lostUntil = undefined;
    this.#pauseMs = FIRST_PAUSE_MS;
  }

  /** @returns true when trust is lost by this one: the moment to warn */
  mismatched(now: number): boolean {
    this.#mismatches++;
    if (this.#mismatches < PATIENCE) return false;
    const first = this.#lostUntil === undefined;
    this.#lostUntil = now + RETRY_MS;
    return first;
  }

  /** The pause before the next full list while deltas are not trusted, in ms; twice as long each time. */
  nextPauseMs(): number {
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS);
    return pauseMs;
  }
}
