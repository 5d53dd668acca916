/**
 * What the replica remembers of removals. The change log fills it and joining reads it; bounded in time and number, so a node that was gone for
 * longer than that may bring somebody back for one lease.
 */
import type { EpochMs } from '../registry/time.ts';
import type { InstanceKey } from '../store/instance-key.ts';
import type { Removal } from '../store/registry-store.ts';

const KEEP_MS = 10 * 60_000;
const KEEP = 50_000;

/** A removal, and when it was applied. */
export interface Tombstone {
  readonly removal: Removal;
  readonly at: EpochMs;
}

/** Who left, for a while: so that a copy that never heard of it does not bring back the dead (F2). Beyond the bounds a dead one lives for one lease. */
export class Tombstones {
  readonly #stones = new Map<InstanceKey, Tombstone>();

  get(key: InstanceKey): Removal | undefined {
    return this.#stones.get(key)?.removal;
  }

  remember(removal: Removal, at: EpochMs): void {
    this.#stones.delete(removal.key);
    this.#stones.set(removal.key, { removal, at });
    if (this.#stones.size > KEEP) this.#stones.delete(this.#stones.keys().next().value!);
  }

  /** It lives again. The cancel stays known: whoever joins must still see that it came before. */
  forget(key: InstanceKey, at: EpochMs): void {
    const stone = this.#stones.get(key);
    if (stone !== undefined && stone.removal.cancelledAt === 0 && stone.at <= at) this.#stones.delete(key);
  }

  /** In the order of removal. */
  all(): Iterable<Tombstone> {
    return this.#stones.values();
  }

  keys(): Iterable<InstanceKey> {
    return this.#stones.keys();
  }

  expire(now: EpochMs): void {
    for (const [key, { at }] of this.#stones) {
      if (at >= now - KEEP_MS) return;
      this.#stones.delete(key);
    }
  }
}
