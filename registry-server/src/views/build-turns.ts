/**
 * When large lists are made: one at a time, 8 ms a turn, and at most a fifth of the time, so that heartbeats and everything else go on between.
 * A list that is quickly made while nothing else is due is made at once.
 */
import type { Clock, Timer } from '@heureka/client-sdk/runtime';

/** Work that can be laid down between any two steps. */
export interface Build {
  /** Takes the content as it is now; the steps that follow only work on that. */
  begin(): Iterator<void, void>;
  done(): void;
  /** Nothing has come of it. */
  failed(error: unknown): void;
}

/** At most so long without letting anything else run. */
export const TURN_MS = 8;
/** A build of t ms is followed by a pause of four times t... */
const PAUSE_FACTOR = 4;
/** ...but the first encoding of a large registry does not come again, and is no reason to let readers wait for seconds. */
export const MAX_PAUSE_MS = 500;

export class BuildTurns {
  readonly #clock: Clock;
  readonly #due = new Set<Build>();
  #current: { readonly build: Build; readonly steps: Iterator<void, void> } | undefined;
  #timer: Timer | undefined;
  /** Of the current build so far. */
  #spentMs = 0;
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins `build` as soon as it may: within this call, if nothing is underway or resting. Asked for again before it began, it runs once. */
  ask(build: Build): void {
    this.#due.add(build);
    if (this.#current === undefined && this.#timer === undefined) this.#next();
  }

  /** The next one that is due, now or after the pause. */
  #next(): void {
    this.#timer = undefined;
    const [build] = this.#due;
    if (build === undefined) return;
    const waitMs = this.#notBefore - this.#clock.monotonic();
    if (waitMs > 0) {
      this.#timer = this.#clock.after(waitMs, () => this.#next());
      return;
    }
    this.#due.delete(build);
    this.#spentMs = 0;
    const begun = this.#clock.monotonic();
    try {
      this.#current = { build, steps: build.begin() };
    } catch (error) {
      build.failed(error);
      this.#next();
      return;
    }
    this.#turn(begun);
  }

  #turn(begun: number): void {
    this.#timer = undefined;
    const { build, steps } = this.#current!;
    let failure: { readonly error: unknown } | undefined;
    try {
      while (steps.next().done !== true) {
        if (this.#clock.monotonic() - begun < TURN_MS) continue;
        this.#spentMs += this.#clock.monotonic() - begun;
        this.#timer = this.#clock.after(0, () => this.#turn(this.#clock.monotonic()));
        return;
      }
    } catch (error) {
      failure = { error };
    }
    const now = this.#clock.monotonic();
    this.#spentMs += now - begun;
    this.#notBefore = now + Math.min(this.#spentMs * PAUSE_FACTOR, MAX_PAUSE_MS);
    this.#current = undefined;
    if (failure === undefined) build.done();
    else build.failed(failure.error);
    if (this.#current === undefined && this.#timer === undefined) this.#next();
  }
}
