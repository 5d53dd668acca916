/** Notices that time passed us by: an event loop that stood still, a machine that slept, a clock that was moved. */
import type { DiscoveryEvents } from '../api.ts';
import type { Clock } from '../runtime/clock.ts';

export interface TimeGap {
  readonly is: 'event-loop-stalled' | 'machine-slept' | 'clock-set-back';
  /** Above 0. */
  readonly ms: number;
}

/** Less is ordinary: garbage collection, a slow disk, a time server's correction. */
const NOTICED_MS = 2_000;

export class StallWatch {
  readonly #clock: Clock;
  #wakeAt = Number.POSITIVE_INFINITY;
  #now = 0;
  #monotonic = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Before a pause of `ms`. */
  pausing(ms: number): void {
    this.#now = this.#clock.now();
    this.#monotonic = this.#clock.monotonic();
    this.#wakeAt = this.#monotonic + ms;
  }

  /** After it. Undefined: time passed as it should. */
  woke(): TimeGap | undefined {
    if (this.#wakeAt === Number.POSITIVE_INFINITY) return undefined;
    const monotonic = this.#clock.monotonic();
    // The monotonic clock of some systems stands still while the machine sleeps; the other one does not.
    const movedMs = this.#clock.now() - this.#now - (monotonic - this.#monotonic);
    const lateMs = monotonic - this.#wakeAt;
    this.#wakeAt = Number.POSITIVE_INFINITY;
    if (lateMs > NOTICED_MS) return { is: 'event-loop-stalled', ms: lateMs };
    if (movedMs > NOTICED_MS) return { is: 'machine-slept', ms: movedMs };
    return movedMs < -NOTICED_MS ? { is: 'clock-set-back', ms: -movedMs } : undefined;
  }
}

/** The warning about a gap that may have cost us the lease. */
export function gapWarning({ is, ms }: TimeGap, leaseMs: number): DiscoveryEvents['warning'] {
  const seconds = `${(ms / 1_000).toFixed(1)} s`;
  if (is === 'clock-set-back') {
    const message = `the clock was set back by ${seconds}; versions of the registration go on from the highest`;
    return { code: 'CLOCK_SET_BACK', message };
  }
  const effect = `longer than the lease of ${leaseMs / 1_000} s: others may have been told that we are gone`;
  return is === 'event-loop-stalled'
    ? { code: 'EVENT_LOOP_STALLED', message: `the event loop stood still for ${seconds}, ${effect}` }
    : { code: 'MACHINE_SLEPT', message: `the machine slept, or its clock was set forward, for ${seconds}, ${effect}` };
}
