/** The small pure rules of the balancer: slow start, weights, outliers, draws, Maglev's table. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../runtime/random.ts';
import { anInstance } from '../testing/an-instance.ts';
import { Dice } from './dice.ts';
import { hash32 } from './hash.ts';
import { outliers } from './outliers.ts';
import { Draw } from './policies/draw.ts';
import { maglevTable } from './policies/maglev.ts';
import { overView } from './policies/over-view.ts';
import { slowStartFactor } from './slow-start.ts';
import { weightOf } from './weight.ts';

test('slow start goes from a tenth to all in 30 s', () => {
  expect([-5, 0, 3_000, 15_000, 30_000, 1e9].map(slowStartFactor)).toEqual([0.1, 0.1, 0.1, 0.5, 1, 1]);
});

test('a weight is a number from 0.01 to 100, 0 for none, and 1 for whatever else is said', () => {
  const weight = (given: string): number => weightOf(anInstance({ metadata: { weight: given } }));
  expect(['2.5', '0', '0.0', '1e9', '0.0001'].map(weight)).toEqual([2.5, 0, 0, 100, 0.01]);
  expect(['', ' ', '-3', 'heavy', 'NaN', 'Infinity'].map(weight)).toEqual([1, 1, 1, 1, 1, 100]);
  expect(weightOf(anInstance())).toBe(1);
});

test('outliers: one bad one among eight busy ones; none among seven, among equals, or at 96 %', () => {
  const peers = (count: number, failed: number) =>
    Array.from({ length: count }, (_, slot) => ({
      slot,
      ok: slot === 2 ? 100 - failed : 100,
      failed: slot === 2 ? failed : 0,
    }));
  expect(outliers(peers(8, 10))).toEqual([2]);
  expect(outliers(peers(7, 10))).toEqual([]);
  expect(outliers(peers(20, 4))).toEqual([]);
  expect(outliers(peers(20, 0))).toEqual([]);
  expect(outliers(Array.from({ length: 10 }, (_, slot) => ({ slot, ok: 0, failed: 100 })))).toEqual([]);
  expect(outliers(peers(20, 10).map((peer) => ({ ...peer, ok: 1 })))).toEqual([]);
});

const view = (weights: readonly number[]) =>
  overView(
    { slots: [], instance: () => anInstance(), weight: () => 1, inflight: () => 0, latencyMs: () => 0 },
    { slots: weights.map((_, slot) => slot), weight: (slot) => weights[slot]! },
  );

test('draws follow the weights, whatever they are; of two drawn the first does, and the second is another one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 1, maxLength: 12 }),
      fc.integer(),
      (weights, seed) => {
        const draw = new Draw(new Dice(seededRandom(seed)));
        draw.update(view(weights));
        const counts = weights.map(() => 0);
        for (let index = 0; index < 4_000; index++) counts[draw.one()]!++;
        const sum = weights.reduce((total, weight) => total + weight, 0);
        const isFair = (count: number, part: number): boolean =>
          Math.abs(count / 4_000 - part) < 5.5 * Math.sqrt((part * (1 - part)) / 4_000) + 0.006;
        for (const [index, weight] of weights.entries()) expect(isFair(counts[index]!, weight / sum)).toBe(true);
        if (weights.length === 1) return;
        const firsts = weights.map(() => 0);
        for (let index = 0; index < 4_000; index++) {
          draw.two();
          firsts[draw.first]!++;
          if (draw.first === draw.second) expect.unreachable();
        }
        for (const [index, weight] of weights.entries()) expect(isFair(firsts[index]!, weight / sum)).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

test("Maglev's table is full, in proportion to the weights, and moves few places when one leaves", () => {
  const names = Array.from({ length: 12 }, (_, index) => `10.0.0.${index}:80`);
  const table = maglevTable(
    names,
    names.map((_, index) => (index === 0 ? 2 : 1)),
  );
  const claims = names.map((_, member) => table.filter((owner) => owner === member).length);
  expect(claims.reduce((sum, count) => sum + count, 0)).toBe(table.length);
  expect(claims[0]! / table.length).toBeCloseTo(2 / 13, 2);

  const even = maglevTable(
    names,
    names.map(() => 1),
  );
  const fewer = maglevTable(
    names.slice(0, -1),
    names.slice(1).map(() => 1),
  );
  const moved = even.filter((owner, place) => owner !== 11 && fewer[place] !== owner).length;
  expect(moved / table.length).toBeLessThan(0.1);
  expect(
    maglevTable(
      Array.from({ length: 100 }, (_, index) => `n${index}`),
      Array(100).fill(1),
    ),
  ).toHaveLength(65_537);
});

test('the hash spreads names that differ little', () => {
  const buckets = new Array<number>(16).fill(0);
  for (let index = 0; index < 16_000; index++) buckets[hash32(`user-${index}`) % 16]!++;
  for (const count of buckets) expect(Math.abs(count - 1_000)).toBeLessThan(160);
  expect(hash32('a', 1)).not.toBe(hash32('a', 2));
});
