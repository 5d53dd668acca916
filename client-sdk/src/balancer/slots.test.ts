import { expect, test } from 'vitest';
import { anInstance } from '../testing/an-instance.ts';
import { Slots, State } from './slots.ts';

test('slots grow as needed, keep what they hold, and are used again after a release', () => {
  const slots = new Slots();
  for (let index = 0; index < 40; index++) {
    const slot = slots.take(anInstance({ port: index + 1 }), 30, 0);
    slots.inflight[slot] = index;
  }
  expect(slots.size).toBe(40);
  expect([...slots.inflight.subarray(0, 40)]).toEqual(Array.from({ length: 40 }, (_, index) => index));

  const ticket = slots.generation[7]!;
  slots.release(7);
  expect(slots.holds(7, ticket)).toBe(false);
  expect(slots.state[7]).toBe(State.FREE);
  expect(slots.take(anInstance(), 30, 5)).toBe(7);

  expect(slots.inflight[7]).toBe(0);
  expect(slots.holds(7, ticket)).toBe(false);
  expect(slots.holds(7, slots.generation[7]!)).toBe(true);
});

test('a latency jumps up at once, comes down by and by, and is forgotten ever faster in silence', () => {
  const slots = new Slots();
  const slot = slots.take(anInstance(), 30, 0);
  const left = (seconds: number): number => Math.exp((-seconds / 10) * (1 + seconds / 10));

  slots.observe(slot, 200, 1_000);
  expect(slots.latencyMs(slot, 1_000)).toBe(200);
  slots.observe(slot, 20, 1_000);
  expect(slots.latencyMs(slot, 1_000)).toBe(200);
  slots.observe(slot, 20, 2_000);
  expect(slots.latencyMs(slot, 2_000)).toBeCloseTo(20 + 180 * left(1) ** 2);
  const before = slots.latencyMs(slot, 2_000);

  expect(slots.latencyMs(slot, 7_000)).toBeCloseTo(before * left(5));
  // Ten times too much is forgotten in 11 s, a hundred times in 17 s.
  expect(slots.latencyMs(slot, 13_000)).toBeLessThan(before / 9.9);
  expect(slots.latencyMs(slot, 19_000)).toBeLessThan(before / 97);
  expect(slots.latencyMs(slot, 0)).toBe(before);
});

test('the first good answer after a silence says more than what was true before it', () => {
  const slots = new Slots();
  const slot = slots.take(anInstance(), 30, 0);
  slots.observe(slot, 1_000, 0);
  slots.observe(slot, 10, 12_000);
  expect(slots.latencyMs(slot, 12_000)).toBeLessThan(20);
});
