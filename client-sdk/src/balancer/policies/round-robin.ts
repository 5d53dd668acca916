import type { BalancerPolicy, BalancerView } from '../../api.ts';
import { NO_SLOT, type Slot } from '../balancer.ts';
import type { Dice } from '../dice.ts';

/** One after the other, from a random start. Weights do not count. */
export class RoundRobin implements BalancerPolicy {
  #slots: readonly Slot[] = [];
  /** Position of the next. */
  #next: number;
  #started = false;
  readonly #dice: Dice;

  constructor(dice: Dice) {
    this.#dice = dice;
    this.#next = 0;
  }

  update(view: BalancerView): void {
    // By slot, not by position: the list may have become another one.
    const next = this.#slots[this.#next];
    this.#slots = view.slots;
    const at = next === undefined ? -1 : view.slots.indexOf(next);
    if (at >= 0) this.#next = at;
    else if (this.#next >= view.slots.length) this.#next = 0;
    if (!this.#started && view.slots.length > 0) {
      this.#started = true;
      this.#next = this.#dice.below(view.slots.length);
    }
  }

  pick(_now: number, exclude: readonly Slot[]): Slot {
    const slots = this.#slots;
    for (let step = 0; step < slots.length; step++) {
      const slot = slots[this.#next]!;
      this.#next = (this.#next + 1) % slots.length;
      if (!exclude.includes(slot)) return slot;
    }
    return NO_SLOT;
  }
}
