/** Chance: a number in [0, 1). Passed in, so that a test can choose its seed. */
export type Random = () => number;

/** The process's own source of chance. */
export const systemRandom: Random = Math.random;

/**
 * A repeatable source of chance (mulberry32), for tests and simulations.
 *
 * @param seed - any integer; its lower 32 bits count
 */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
