import type { BalancerPolicy, BalancerView } from '../../api.ts';
import { NO_SLOT, type Slot } from '../balancer.ts';
import type { Dice } from '../dice.ts';
import { Draw } from './draw.ts';
import { scan } from './scan.ts';

const DRAWS = 4;

/** By weight alone, at random. */
export class Weighted implements BalancerPolicy {
  #slots: readonly Slot[] = [];
  readonly #dice: Dice;
  readonly #draw: Draw;

  constructor(dice: Dice) {
    this.#dice = dice;
    this.#draw = new Draw(dice);
  }

  update(view: BalancerView): void {
    this.#slots = view.slots;
    this.#draw.update(view);
  }

  pick(_now: number, exclude: readonly Slot[]): Slot {
    const slots = this.#slots;
    if (slots.length === 0) return NO_SLOT;
    for (let draw = 0; draw < DRAWS; draw++) {
      const slot = slots[this.#draw.one()]!;
      if (!exclude.includes(slot)) return slot;
    }
    return scan(slots, exclude, this.#dice);
  }
}
