import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type FailureRate, FailureRates } from './failure-rate.ts';

// opossum sets real timers: only by replacing them can a test see that none is left.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const NOTHING = { ok: 0, failed: 0 };

function feed(rate: FailureRate, outcomes: string): void {
  for (const outcome of outcomes) rate.settled(outcome === '+');
}

test('it trips in the turn of the failure that reaches the share, once, and leaves no timer', () => {
  const rates = new FailureRates({ minCalls: 10, failureShare: 0.5 });
  let trips = 0;
  const rate = rates.start(NOTHING, () => trips++);

  feed(rate, '+-+-+-+-+');
  expect(trips).toBe(0);
  feed(rate, '-');

  expect(trips).toBe(1);
  feed(rate, '-----');
  expect(trips).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});

test('under the share it never trips, however many fail; under the volume neither', () => {
  const rates = new FailureRates({ minCalls: 10, failureShare: 0.5 });
  const tripped = vi.fn();

  feed(rates.start(NOTHING, tripped), '+++++------'.slice(0, 9));
  feed(rates.start(NOTHING, tripped), '---------');
  feed(rates.start(NOTHING, tripped), '++-'.repeat(200));

  expect(tripped).not.toHaveBeenCalled();
});

test('what was counted before it was made counts as if it had seen it', () => {
  const rates = new FailureRates({ minCalls: 10, failureShare: 0.5 });
  const tripped = vi.fn();

  feed(rates.start({ ok: 20, failed: 0 }, tripped), '-'.repeat(19));
  expect(tripped).not.toHaveBeenCalled();
  feed(rates.start({ ok: 5, failed: 4 }, tripped), '-');

  expect(tripped).toHaveBeenCalledOnce();
});

test('outcomes older than ten rotations are forgotten, also while nothing comes in', () => {
  const rates = new FailureRates({ minCalls: 10, failureShare: 0.5 });
  const tripped = vi.fn();
  const rate = rates.start(NOTHING, tripped);
  feed(rate, '---------');

  for (let second = 0; second < 11; second++) rates.rotate();
  feed(rate, '-');
  expect(tripped).not.toHaveBeenCalled();

  for (let second = 0; second < 5; second++) rates.rotate();
  feed(rate, '---------');
  expect(tripped).toHaveBeenCalledOnce();
});

test('closed, it hears no rotation and leaves no timer', () => {
  const rates = new FailureRates({ minCalls: 10, failureShare: 0.5 });
  const tripped = vi.fn();
  for (let breaker = 0; breaker < 50; breaker++) {
    const rate = rates.start(NOTHING, tripped);
    rate.settled(false);
    rate.close();
    rate.close();
    rates.rotate();
  }

  expect(vi.getTimerCount()).toBe(0);
  expect(tripped).not.toHaveBeenCalled();
});

test('a failure rejects nothing that nobody handles', async () => {
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  const rate = new FailureRates({ minCalls: 2, failureShare: 0.5 }).start(NOTHING, () => undefined);

  feed(rate, '-----');
  vi.useRealTimers();
  await new Promise((resolve) => setImmediate(resolve));

  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});
