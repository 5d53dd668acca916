import { expect, test } from 'vitest';
import { quantile, ratios, spreadOf } from './statistics.ts';

test('a quantile is a number that was measured, the highest for 1', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  expect([0, 0.5, 0.99, 1].map((share) => quantile(hundred, share))).toEqual([1, 50, 99, 100]);
  expect(quantile([], 0.5)).toBe(0);
});

test('a spread is the middle, and what all lay between', () => {
  expect(spreadOf([3, 1, 10])).toEqual({ median: 3, least: 1, most: 10 });
  expect(spreadOf([4, 2])).toEqual({ median: 3, least: 2, most: 4 });
});

test('ratios pair what was measured beside each other', () => {
  expect(ratios([10, 20, 30], [20, 20, 60])).toEqual({ median: 0.5, least: 0.5, most: 1 });
});
