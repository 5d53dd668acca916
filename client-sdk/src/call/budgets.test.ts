import { expect, test } from 'vitest';
import { RetryBudget } from './retry-budget.ts';
import { Throttle } from './throttle.ts';

const times = (count: number, work: () => void): void => {
  for (let index = 0; index < count; index++) work();
};

test('a service without traffic has a few retries a second, and no more', () => {
  const budget = new RetryBudget(0.2);
  let granted = 0;
  times(100, () => void (budget.withdraw() && granted++));
  expect(granted).toBe(30);
  expect(budget.exhausted).toBe(70);
  times(10, () => budget.tick());
  expect(budget.withdraw()).toBe(true);
});

test('five successes pay for one retry, for ten seconds', () => {
  const budget = new RetryBudget(0.2);
  times(30, () => void budget.withdraw());
  expect(budget.withdraw()).toBe(false);
  times(5, () => budget.succeeded());
  expect(budget.withdraw()).toBe(true);
  expect(budget.withdraw()).toBe(false);
});

test('over a long failure, retries add at most what the minimum says', () => {
  const budget = new RetryBudget(0.2);
  let granted = 0;
  times(60, () => {
    times(100, () => void (budget.withdraw() && granted++));
    budget.tick();
  });
  expect(granted).toBeLessThanOrEqual(3 * 60 + 30);
});

/** Calls that all end the same way. */
const calls = (throttle: Throttle, count: number, accepted: boolean): void =>
  times(count, () => void (throttle.admit() && throttle.settled(accepted)));

test('nothing is shed while half of the calls succeed', () => {
  const throttle = new Throttle(() => 0);
  times(500, () => {
    expect(throttle.admit()).toBe(true);
    throttle.settled(true);
    expect(throttle.admit()).toBe(true);
    throttle.settled(false);
  });
  expect(throttle.shedShare).toBe(0);
});

test('calls that are still on their way say nothing: a slow start sheds nobody', () => {
  const throttle = new Throttle(() => 0);
  times(1_000, () => expect(throttle.admit()).toBe(true));
});

test('a service that accepts nothing gets one call in twenty, from the twentieth call on', () => {
  const throttle = new Throttle(() => 0.949);
  calls(throttle, 20, false);
  calls(throttle, 1_000, false);
  expect(throttle.shedShare).toBe(0.95);
  expect(throttle.admit()).toBe(false);
});

test('the first success after nothing but failures lets everybody in again', () => {
  const throttle = new Throttle(() => 0.96);
  calls(throttle, 500, false);
  expect(throttle.shedShare).toBeGreaterThan(0.9);
  throttle.settled(true);
  expect(throttle.shedShare).toBe(0);
});

test('what happened more than a minute ago does not count', () => {
  const throttle = new Throttle(() => 0.96);
  calls(throttle, 500, false);
  times(60, () => throttle.tick());
  expect(throttle.shedShare).toBe(0);
});
