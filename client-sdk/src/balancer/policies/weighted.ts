import type { BalancerPolicy, BalancerView } from '../../api.ts';
import type { Random } from '../../runtime/random.ts';
import { NO_SLOT, type Slot } from '../balancer.ts';
import { Draw } from './draw.ts';
import { scan } from './scan.ts';

const DRAWS = 4;

/** By weight alone, at random. */
export class Weighted implements BalancerPolicy {
  #slots: readonly Slot[] = [];
  readonly #random: Random;
  readonly #draw: Draw;

  constructor(random: Random) {
    this.#random = random;
    this.#draw = new Draw(random);
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
    return scan(slots, exclude, this.#random);
  }
}
