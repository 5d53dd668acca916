/**
 * Two at random, the better one wins: with what each client knows late and for itself, the best of all would be everybody's best at once.
 */
import type { BalancerPolicy, BalancerView } from '../../api.ts';
import type { Slot } from '../balancer.ts';
import type { Dice } from '../dice.ts';
import { Draw } from './draw.ts';
import { scan } from './scan.ts';

/** Pairs in which both had been tried; then a scan finds whoever is left (Finagle's `maxEffort`). */
const ROUNDS = 4;

export abstract class ChoiceOfTwo implements BalancerPolicy {
  protected view: BalancerView = NOBODY;
  readonly #dice: Dice;
  readonly #draw: Draw;

  constructor(dice: Dice) {
    this.#dice = dice;
    this.#draw = new Draw(dice);
  }

  /** Whether one more call would cost less on `a` than on `b`. A truth, not two costs: numbers with fractions, returned, would be objects. */
  protected abstract isCheaper(a: Slot, b: Slot, now: number): boolean;

  update(view: BalancerView): void {
    this.view = view;
    this.#draw.update(view);
  }

  pick(now: number, exclude: readonly Slot[]): Slot {
    const { slots } = this.view;
    if (slots.length < 2 || exclude.length > 0) return this.#untried(now, exclude);
    const draw = this.#draw;
    draw.two();
    const a = slots[draw.first]!;
    const b = slots[draw.second]!;
    // Ties go to the first, whose chance is exactly its weight.
    return this.isCheaper(b, a, now) ? b : a;
  }

  #untried(now: number, exclude: readonly Slot[]): Slot {
    const { slots } = this.view;
    for (let round = 0; round < ROUNDS && slots.length > 1 && exclude.length < slots.length; round++) {
      this.#draw.two();
      const a = slots[this.#draw.first]!;
      const b = slots[this.#draw.second]!;
      const isATried = exclude.includes(a);
      if (!exclude.includes(b)) return isATried || this.isCheaper(b, a, now) ? b : a;
      if (!isATried) return a;
    }
    return scan(slots, exclude, this.#dice);
  }
}

const NOBODY: BalancerView = {
  slots: [],
  instance: () => {
    throw new RangeError('this view is empty');
  },
  weight: () => 1,
  inflight: () => 0,
  latencyMs: () => 0,
};
