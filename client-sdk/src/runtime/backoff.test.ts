import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fullJitter } from './backoff.ts';
import { seededRandom } from './random.ts';

test('a pause is never longer than the cap, nor than the doubled base', () => {
  fc.assert(
    fc.property(fc.nat(2_000), fc.integer(), (attempt, seed) => {
      const pause = fullJitter(attempt, { baseMs: 100, capMs: 5_000 }, seededRandom(seed));
      expect(pause).toBeGreaterThanOrEqual(0);
      expect(pause).toBeLessThan(Math.min(5_000, 100 * 2 ** attempt) + 1e-9);
    }),
  );
});

test('a seed repeats its numbers, and they are spread evenly', () => {
  const numbers = (seed: number): number[] => Array.from({ length: 10_000 }, seededRandom(seed));
  expect(numbers(7)).toEqual(numbers(7));
  expect(numbers(7)).not.toEqual(numbers(8));
  const mean = numbers(7).reduce((sum, number) => sum + number, 0) / 10_000;
  expect(mean).toBeGreaterThan(0.48);
  expect(mean).toBeLessThan(0.52);
});
