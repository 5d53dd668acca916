/**
 * Where changes wait for their turn (F7). The reply to a commit and the tail of the log are two sources of the same entry: whichever comes first
 * is kept until all before it have been applied, and whoever committed it is answered then.
 */
import type { Change } from '../store/registry-store.ts';

/** Far more than can be on their way at once; beyond it something is wrong, and the log is read again. */
const MAX_WAITING = 100_000;

export class WaitingRoom {
  #applied: number;
  readonly #early = new Map<number, Change>();
  readonly #turns = new Map<number, (() => void)[]>();
  readonly #apply: (change: Change) => void;

  /** @param applied - version of the last change applied */
  constructor(applied: number, apply: (change: Change) => void) {
    this.#applied = applied;
    this.#apply = apply;
  }

  /** @throws {RangeError} when too many wait */
  admit(change: Change): void {
    if (change.version <= this.#applied) return;
    if (change.version > this.#applied + 1) {
      if (this.#early.size >= MAX_WAITING)
        throw new RangeError(`more than ${MAX_WAITING} changes wait for version ${this.#applied + 1}`);
      this.#early.set(change.version, change);
      return;
    }
    let next: Change | undefined = change;
    while (next !== undefined) {
      this.#apply(next);
      this.#applied = next.version;
      this.#answer(next.version);
      this.#early.delete(next.version);
      next = this.#early.get(this.#applied + 1);
    }
  }

  /** Resolves when this version has been applied. */
  turnOf(version: number): Promise<void> {
    if (version <= this.#applied) return Promise.resolve();
    return new Promise((resolve) => {
      const turns = this.#turns.get(version);
      if (turns === undefined) this.#turns.set(version, [resolve]);
      else turns.push(resolve);
    });
  }

  #answer(version: number): void {
    const turns = this.#turns.get(version);
    if (turns === undefined) return;
    this.#turns.delete(version);
    for (const resolve of turns) resolve();
  }
}
