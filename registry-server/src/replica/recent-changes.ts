/** The changes of the last ten minutes, for deltas and for readers who come back: bounded in time and number. */
import type { EpochMs } from '../registry/time.ts';
import type { InstanceKey } from '../store/instance-key.ts';
import type { AppliedChange, Cursor } from './replica-reader.ts';

const KEEP_MS = 10 * 60_000;
const KEEP_CHANGES = 10_000;

export class RecentChanges {
  /** Oldest first; those before `#first` are forgotten and still to be cut off. */
  #changes: AppliedChange[] = [];
  #first = 0;
  /** Every change after this version is known. */
  #base = 0;

  add(change: AppliedChange): void {
    this.#changes.push(change);
    if (this.#changes.length - this.#first > KEEP_CHANGES) this.#drop();
    // Cut in large pieces: each change is moved once in a while, not at every addition.
    if (this.#first > KEEP_CHANGES) {
      this.#changes = this.#changes.slice(this.#first);
      this.#first = 0;
    }
  }

  forget(now: EpochMs): void {
    while (this.#first < this.#changes.length && this.#changes[this.#first]!.at < now - KEEP_MS) this.#drop();
  }

  /** Begins anew. @param base - the version after which changes are told from now on */
  clear(base: number): void {
    this.#changes = [];
    this.#first = 0;
    this.#base = base;
  }

  /** The latest of each instance, for changes not older than `since`, oldest first. */
  latest(since: EpochMs): readonly AppliedChange[] {
    const latest = new Map<InstanceKey, AppliedChange>();
    for (let index = this.#changes.length - 1; index >= this.#first; index--) {
      const change = this.#changes[index]!;
      if (change.at < since) break;
      if (!latest.has(change.key)) latest.set(change.key, change);
    }
    return [...latest.values()].reverse();
  }

  /** All changes after `cursor`, oldest first; undefined where some are no longer known. */
  after(cursor: Cursor, now: Cursor): readonly AppliedChange[] | undefined {
    if (cursor.epoch !== now.epoch || cursor.version > now.version) return undefined;
    if (cursor.version < this.#base) return undefined;
    let from = this.#changes.length;
    while (from > this.#first && this.#changes[from - 1]!.cursor.version > cursor.version) from--;
    return this.#changes.slice(from);
  }

  #drop(): void {
    this.#base = this.#changes[this.#first]!.cursor.version;
    this.#first++;
  }
}
