/**
 * Many deadlines that all lie the same time ahead, with one timer. Whoever waits is itself the link of the list, so a call costs no timer and
 * no allocation; the first to come is the first to be due.
 */
import type { Clock, Timer } from '../runtime/clock.ts';

/** Base of whatever can wait in one list at a time. */
export abstract class Waiting {
  /** Monotonic ms; set by the list. */
  dueAt = 0;
  list: DeadlineList | undefined = undefined;
  before: Waiting | undefined = undefined;
  after: Waiting | undefined = undefined;
  /** Its time is up; it is out of the list. */
  abstract expired(now: number): void;
}

export class DeadlineList {
  readonly ms: number;
  readonly #clock: Clock;
  #first: Waiting | undefined;
  #last: Waiting | undefined;
  #timer: Timer | undefined;

  constructor(ms: number, clock: Clock) {
    this.ms = ms;
    this.#clock = clock;
  }

  get empty(): boolean {
    return this.#first === undefined;
  }

  /** @param now - monotonic ms, never less than at an earlier call */
  add(waiting: Waiting, now: number): void {
    waiting.list = this;
    waiting.dueAt = now + this.ms;
    waiting.before = this.#last;
    waiting.after = undefined;
    if (this.#last === undefined) this.#first = waiting;
    else this.#last.after = waiting;
    this.#last = waiting;
    // Left running when the list becomes empty: the next to come will mostly find it.
    this.#timer ??= this.#clock.after(this.ms, this.#due);
  }

  /** Harmless for who is in no list. */
  static remove(waiting: Waiting): void {
    const { list, before, after } = waiting;
    if (list === undefined) return;
    if (before === undefined) list.#first = after;
    else before.after = after;
    if (after === undefined) list.#last = before;
    else after.before = before;
    waiting.list = undefined;
    waiting.before = undefined;
    waiting.after = undefined;
  }

  /** Those that wait now, in order; a copy, as they may leave meanwhile. */
  all(): Waiting[] {
    const all: Waiting[] = [];
    for (let waiting = this.#first; waiting !== undefined; waiting = waiting.after) all.push(waiting);
    return all;
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  readonly #due = (): void => {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    for (let waiting = this.#first; waiting !== undefined && waiting.dueAt <= now; waiting = this.#first) {
      DeadlineList.remove(waiting);
      waiting.expired(now);
    }
    const next = this.#first as Waiting | undefined;
    if (next !== undefined) this.#timer ??= this.#clock.after(next.dueAt - now, this.#due);
  };
}
