import type { BalancerPolicy, BalancerView } from '../../api.ts';
import { NO_SLOT, type Slot } from '../balancer.ts';
import type { Dice } from '../dice.ts';

/**
 * The fewest in flight of all, by a scan. Ties are broken from a random place on: from the front, as Ribbon does, every client would
 * hit the same first instance.
 * @see Netflix ribbon `BestAvailableRule`
 */
export class BestAvailable implements BalancerPolicy {
  #view: BalancerView | undefined;
  readonly #dice: Dice;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  update(view: BalancerView): void {
    this.#view = view;
  }

  pick(_now: number, exclude: readonly Slot[]): Slot {
    const view = this.#view;
    if (view === undefined) return NO_SLOT;
    const { slots } = view;
    const from = this.#dice.below(slots.length);
    let best: Slot = NO_SLOT;
    let fewest = Number.POSITIVE_INFINITY;
    for (let step = 0; step < slots.length; step++) {
      const slot = slots[(from + step) % slots.length]!;
      const inflight = view.inflight(slot);
      if (inflight >= fewest || exclude.includes(slot)) continue;
      best = slot;
      fewest = inflight;
    }
    return best;
  }
}
