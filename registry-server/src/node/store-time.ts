/**
 * What time it is at the store, by its wall clock and by its lease clock, between two ticks that say so. Asks nobody and sets no timer; without
 * ticks store time runs on by this machine's clock, and the lease clock stands.
 */
import type { Clock } from '@heureka/client-sdk/runtime';
import type { EpochMs, LeaseMs } from '../registry/time.ts';
import type { Moment } from '../replica/replica.ts';

/** The lease clock counts a gap between two ticks for this long at most, in ms; so does our estimate of it. */
const LONGEST_GAP_MS = 3_000;

/** A smaller difference between two ticks is the network's, not a clock that stood. */
const STOOD_MS = 500;
const MAX_STRETCHES = 16;

/** From this lease clock on, store time is the lease clock plus `offset`. */
interface Stretch {
  readonly from: LeaseMs;
  readonly offset: number;
}

/** Store time and lease clock as this node estimates them: set by each tick, running with the monotonic clock in between. */
export class StoreTime {
  readonly #clock: Clock;
  #syncedAt: number;
  #at: EpochMs;
  #lease: LeaseMs = 0;
  #latest: EpochMs = 0;
  /** Where the lease clock stood, oldest first. */
  #stretches: Stretch[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#syncedAt = clock.monotonic();
    this.#at = clock.now();
  }

  sync(at: EpochMs, lease: LeaseMs): void {
    const offset = at - lease;
    // A restored store's lease clock lies behind ours: what its leases say of before is as we knew it, what we knew of after is not its past.
    if (lease < this.#lease - STOOD_MS) this.#stretches = this.#stretches.filter(({ from }) => from < lease);
    const last = this.#stretches.at(-1);
    if (last === undefined || Math.abs(offset - last.offset) > STOOD_MS) {
      this.#stretches.push({ from: this.#stretches.length === 0 ? 0 : lease, offset });
      if (this.#stretches.length > MAX_STRETCHES) this.#stretches.shift();
    }
    this.#syncedAt = this.#clock.monotonic();
    this.#at = at;
    this.#lease = lease;
  }

  get now(): EpochMs {
    return this.nowAt(this.#clock.monotonic());
  }

  get lease(): LeaseMs {
    return this.leaseAt(this.#clock.monotonic());
  }

  /** @param monotonic - what the monotonic clock says now, of whoever has asked it already */
  nowAt(monotonic: number): EpochMs {
    this.#latest = Math.max(this.#latest, Math.floor(this.#at + monotonic - this.#syncedAt));
    return this.#latest;
  }

  /**
   * Stands 3 s after the last tick: an outage ages no lease. The store's word counts, also where it is behind this estimate.
   *
   * @param monotonic - what the monotonic clock says now
   */
  leaseAt(monotonic: number): LeaseMs {
    return this.#lease + Math.min(Math.floor(monotonic - this.#syncedAt), LONGEST_GAP_MS);
  }

  /** Store time of what happened at this lease clock: while it stood, an age by the lease clock says less than the truth. */
  atLease(lease: LeaseMs): EpochMs {
    let offset = this.#stretches[0]?.offset ?? this.#at;
    for (const stretch of this.#stretches) if (lease >= stretch.from) offset = stretch.offset;
    return lease + offset;
  }

  get moment(): Moment {
    const monotonic = this.#clock.monotonic();
    return { at: this.nowAt(monotonic), lease: this.leaseAt(monotonic) };
  }
}
