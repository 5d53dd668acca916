/** Chance on the hot path, in whole numbers: a fraction returned by a call that is not inlined costs an object each time. */
import type { Random } from '../runtime/random.ts';

/** `roll` is below this: 31 bits, which V8 keeps without an object. */
export const SIDES = 2 ** 31;

export class Dice {
  #state: number;

  /** @param random - only the seed comes from it */
  constructor(random: Random) {
    // Zero would stay zero.
    this.#state = (random() * 2 ** 32) | 0 || 1;
  }

  /** From 0 to 2^31 - 1: Marsaglia's xorshift, good enough to choose by and short enough to be inlined. */
  roll(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state >>> 1;
  }

  /** From 0 to `count` - 1; 0 when `count` is 0. */
  below(count: number): number {
    return count === 0 ? 0 : this.roll() % count;
  }
}
