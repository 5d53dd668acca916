/**
 * Two at random, the better one wins: with what each client knows late and for itself, the best of all would be everybody's best at once.
 */
import type { BalancerPolicy, BalancerView } from '../../api.ts';
import type { Random } from '../../runtime/random.ts';
import { NO_SLOT, type Slot } from '../balancer.ts';
import { Draw } from './draw.ts';
import { scan } from './scan.ts';

/** Pairs in which both had been tried; then a scan finds whoever is left (Finagle's `maxEffort`). */
const ROUNDS = 4;

export abstract class ChoiceOfTwo implements BalancerPolicy {
  protected view: BalancerView = NOBODY;
  readonly #random: Random;
  readonly #draw: Draw;

  constructor(random: Random) {
    this.#random = random;
    this.#draw = new Draw(random);
  }

  /** What one more call would cost there; the lower one wins. */
  protected abstract cost(slot: Slot, now: number): number;

  update(view: BalancerView): void {
    this.view = view;
    this.#draw.update(view);
  }

  pick(now: number, exclude: readonly Slot[]): Slot {
    const { slots } = this.view;
    if (slots.length === 0) return NO_SLOT;
    for (let round = 0; round < ROUNDS && exclude.length < slots.length; round++) {
      const first = this.#draw.one();
      const second = this.#draw.other(first);
      const a = slots[first]!;
      const b = slots[second]!;
      const aTried = exclude.includes(a);
      const bTried = exclude.includes(b);
      if (!aTried && (a === b || bTried)) return a;
      if (aTried && bTried) continue;
      if (aTried) return b;
      // Ties go to the first, whose chance is exactly its weight.
      return this.cost(b, now) < this.cost(a, now) ? b : a;
    }
    return scan(slots, exclude, this.#random);
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
