import type { BalancerPolicy, BalancerView } from '../../api.ts';
import type { Random } from '../../runtime/random.ts';
import { NO_SLOT, type Slot } from '../balancer.ts';
import { scan } from './scan.ts';

/** Anyone. Weights do not count. */
export class RandomChoice implements BalancerPolicy {
  #slots: readonly Slot[] = [];
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  update(view: BalancerView): void {
    this.#slots = view.slots;
  }

  pick(_now: number, exclude: readonly Slot[]): Slot {
    if (this.#slots.length === 0) return NO_SLOT;
    const slot = this.#slots[Math.floor(this.#random() * this.#slots.length)]!;
    return exclude.includes(slot) ? scan(this.#slots, exclude, this.#random) : slot;
  }
}
