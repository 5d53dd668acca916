/** What is kept of answers, and what goes first. */
import { expect, test } from 'vitest';
import { AnswerCache } from './answer-cache.ts';

const LIMIT = 10_000;
const sized = (length: number): { length: number } => ({ length });

test('one answer may take all the room, a larger one is not kept and moves nobody out', () => {
  const cache = new AnswerCache<{ length: number }>(LIMIT);
  cache.set('small', sized(100));
  cache.set('too large', sized(LIMIT));
  expect([cache.get('too large'), cache.get('small')]).toEqual([undefined, sized(100)]);
  cache.set('large', sized(9_000));
  cache.set('larger', sized(9_500));
  expect([cache.get('large'), cache.get('small'), cache.get('larger')]).toEqual([undefined, undefined, sized(9_500)]);
  expect(cache.bytes).toBeLessThanOrEqual(LIMIT);
});

test('who was not asked for the longest goes first, and a newer answer takes the place of the older one', () => {
  const cache = new AnswerCache<{ length: number }>(LIMIT);
  cache.set('a', sized(4_000));
  cache.set('b', sized(4_000));
  cache.get('a');
  cache.set('c', sized(4_000));
  expect([cache.get('b'), cache.get('a'), cache.get('c')]).toEqual([undefined, sized(4_000), sized(4_000)]);
  cache.set('c', sized(5_000));
  expect([cache.get('a'), cache.get('c')]).toEqual([sized(4_000), sized(5_000)]);
  cache.clear();
  expect([cache.bytes, cache.get('a')]).toEqual([0, undefined]);
});
