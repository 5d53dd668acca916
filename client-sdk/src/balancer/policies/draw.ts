/** Draws positions of a view by weight, in constant time: uniformly while weights are alike, else from an alias table. */
import type { BalancerView } from '../../api.ts';
import { type Dice, SIDES } from '../dice.ts';

/** Weights this much apart are alike: a table would cost more than it gives. */
const ALIKE = 1.01;
/** Draws until the second differs from the first; a heavy one may come again and again. */
const REDRAWS = 4;

export class Draw {
  /** What `two` drew. */
  first = 0;
  second = 0;
  readonly #dice: Dice;
  #count = 0;
  #isEven = true;
  /** The chance of a position's own, of 2^31; and who else lives there (Vose's alias method). */
  #own = new Float64Array(0);
  #alias = new Int32Array(0);

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  update(view: BalancerView): void {
    const { slots } = view;
    this.#count = slots.length;
    let least = Number.POSITIVE_INFINITY;
    let most = 0;
    let sum = 0;
    for (const slot of slots) {
      const weight = view.weight(slot);
      least = Math.min(least, weight);
      most = Math.max(most, weight);
      sum += weight;
    }
    this.#isEven = slots.length < 2 || most <= least * ALIKE || !(sum > 0);
    if (!this.#isEven) {
      this.#build(
        slots.map((slot) => view.weight(slot)),
        sum,
      );
    }
  }

  /** A position, 0 to count - 1. The view must not be empty. */
  one(): number {
    const position = this.#dice.below(this.#count);
    return this.#isEven ? position : this.#byWeight(position);
  }

  /** Two positions that differ, into `first` and `second`. The view must have two. */
  two(): void {
    const count = this.#count;
    const rolled = this.#dice.roll();
    const first = rolled % count;
    // What is left of one roll is enough for a second place.
    const second = ((rolled / count) | 0) % (count - 1);
    this.first = first;
    this.second = second < first ? second : second + 1;
    if (!this.#isEven) this.#twoByWeight();
  }

  #twoByWeight(): void {
    this.first = this.#byWeight(this.first);
    this.second = this.#otherByWeight(this.first);
  }

  #byWeight(position: number): number {
    return this.#dice.roll() < this.#own[position]! ? position : this.#alias[position]!;
  }

  #otherByWeight(first: number): number {
    for (let draw = 0; draw < REDRAWS; draw++) {
      const position = this.#byWeight(this.#dice.below(this.#count));
      if (position !== first) return position;
    }
    const position = this.#dice.below(this.#count - 1);
    return position >= first ? position + 1 : position;
  }

  #build(weights: number[], sum: number): void {
    const count = weights.length;
    const own = new Float64Array(count).fill(SIDES);
    const alias = Int32Array.from({ length: count }, (_, position) => position);
    const left = Float64Array.from(weights, (weight) => (weight * count) / sum);
    const small: number[] = [];
    const large: number[] = [];
    for (let position = 0; position < count; position++) (left[position]! < 1 ? small : large).push(position);
    while (small.length > 0 && large.length > 0) {
      const poor = small.pop()!;
      const rich = large.at(-1)!;
      own[poor] = left[poor]! * SIDES;
      alias[poor] = rich;
      left[rich] = left[rich]! - (1 - left[poor]!);
      if (left[rich]! < 1) small.push(large.pop()!);
    }
    this.#own = own;
    this.#alias = alias;
  }
}
