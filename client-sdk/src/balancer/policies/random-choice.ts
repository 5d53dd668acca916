import type { BalancerPolicy, BalancerView } from '../../api.ts';
import { NO_SLOT, type Slot } from '../balancer.ts';
import type { Dice } from '../dice.ts';
import { scan } from './scan.ts';

/** Anyone. Weights do not count. */
export class RandomChoice implements BalancerPolicy {
  #slots: readonly Slot[] = [];
  readonly #dice: Dice;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  update(view: BalancerView): void {
    this.#slots = view.slots;
  }

  pick(_now: number, exclude: readonly Slot[]): Slot {
    if (this.#slots.length === 0) return NO_SLOT;
    const slot = this.#slots[this.#dice.below(this.#slots.length)]!;
    return exclude.includes(slot) ? scan(this.#slots, exclude, this.#dice) : slot;
  }
}
