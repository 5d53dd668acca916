/** Instances that the replica does not know, asked of the store: many in one request, and misses remembered, as random ids are an attack. */
import type { Clock } from '@heureka/client-sdk/runtime';
import type { InstanceKey } from '../store/instance-key.ts';
import type { RegistryStore, Stored } from '../store/registry-store.ts';

const MISS_MS = 1_000;
const MAX_MISSES = 10_000;
const MAX_KEYS = 500;

interface Batch {
  readonly keys: Set<InstanceKey>;
  readonly answer: Promise<ReadonlyMap<InstanceKey, Stored>>;
}

export class Finder {
  readonly #store: Pick<RegistryStore, 'read'>;
  readonly #clock: Clock;
  readonly #misses = new Map<InstanceKey, number>();
  #batch: Batch | undefined;

  constructor(store: Pick<RegistryStore, 'read'>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** @throws StoreAway */
  find(key: InstanceKey): Promise<Stored | undefined> {
    const missedAt = this.#misses.get(key);
    if (missedAt !== undefined && this.#clock.monotonic() - missedAt < MISS_MS) return Promise.resolve(undefined);
    this.#batch ??= this.#newBatch();
    this.#batch.keys.add(key);
    return this.#batch.answer.then((found) => found.get(key));
  }

  /** A registration makes a miss untrue. */
  forget(key: InstanceKey): void {
    this.#misses.delete(key);
  }

  #newBatch(): Batch {
    const keys = new Set<InstanceKey>();
    const answer = Promise.resolve().then(() => {
      this.#batch = undefined;
      return this.#read([...keys]);
    });
    return { keys, answer };
  }

  async #read(keys: readonly InstanceKey[]): Promise<ReadonlyMap<InstanceKey, Stored>> {
    const found = new Map<InstanceKey, Stored>();
    for (let from = 0; from < keys.length; from += MAX_KEYS) {
      const piece = keys.slice(from, from + MAX_KEYS);
      const stored = await this.#store.read(piece);
      for (const [index, key] of piece.entries()) {
        const one = stored[index];
        if (one === undefined) this.#miss(key);
        else found.set(key, one);
      }
    }
    return found;
  }

  #miss(key: InstanceKey): void {
    if (this.#misses.size >= MAX_MISSES) this.#misses.clear();
    this.#misses.set(key, this.#clock.monotonic());
  }
}
