import type { BalancerPolicy, BalancerView } from '../../api.ts';
import { NO_SLOT, type Slot } from '../balancer.ts';
import type { Dice } from '../dice.ts';
import { hash32, mixed } from '../hash.ts';
import { maglevTable } from './maglev.ts';
import { PeakEwma } from './peak-ewma.ts';
import { scan } from './scan.ts';

/** An instance takes at most this many times the mean in flight; then the key moves on. */
const BOUND = 1.25;
const TRIES = 8;

/**
 * The same key to the same instance while it is there and not overloaded (Maglev with bounded load). Calls without a key go by `peak-ewma`.
 */
export class Affinity implements BalancerPolicy {
  #view: BalancerView | undefined;
  /** Made at the first key after a change: who sends no keys pays nothing. */
  #table: Uint16Array | undefined;
  readonly #dice: Dice;
  readonly #keyless: PeakEwma;

  constructor(dice: Dice) {
    this.#dice = dice;
    this.#keyless = new PeakEwma(dice);
  }

  update(view: BalancerView): void {
    this.#view = view;
    this.#table = undefined;
    this.#keyless.update(view);
  }

  pick(now: number, exclude: readonly Slot[], affinityKey?: string): Slot {
    const view = this.#view;
    if (view === undefined || view.slots.length === 0) return NO_SLOT;
    if (affinityKey === undefined) return this.#keyless.pick(now, exclude);
    this.#table ??= maglevTable(
      // By address: a process that comes back under another id is still the same cache.
      view.slots.map((slot) => addressOf(view, slot)),
      view.slots.map((slot) => view.weight(slot)),
    );
    let hash = hash32(affinityKey);
    for (let tried = 0; tried < TRIES; tried++) {
      const slot = view.slots[this.#table[hash % this.#table.length]!]!;
      if (!exclude.includes(slot) && this.#hasRoom(view, slot)) return slot;
      // Not the neighbour: a crowded one would hand its whole load to one other.
      hash = mixed(hash + 1);
    }
    const slot = this.#keyless.pick(now, exclude);
    return slot === NO_SLOT ? scan(view.slots, exclude, this.#dice) : slot;
  }

  #hasRoom(view: BalancerView, slot: Slot): boolean {
    const inflight = view.inflight(slot);
    if (inflight === 0) return true;
    let all = 1;
    for (const other of view.slots) all += view.inflight(other);
    return inflight + 1 <= Math.ceil((BOUND * all) / view.slots.length);
  }
}

function addressOf(view: BalancerView, slot: Slot): string {
  const { address, port } = view.instance(slot);
  return `${address}:${port}`;
}
