import { expect, test } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { sleep, systemClock } from './clock.ts';

test('a sleep tells whether its whole time passed, and leaves nothing behind when it is cut short', async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const whole = sleep(clock, 100);
  const cut = sleep(clock, 100, stop.signal);

  stop.abort();
  await clock.advance(100);

  expect([await whole, await cut]).toEqual([true, false]);
  expect(clock.timers).toBe(0);
  expect(await sleep(clock, 100, stop.signal)).toBe(false);
});

test('a wall clock that jumps moves neither timers nor the monotonic clock', async () => {
  const clock = new FakeClock();
  const fired: number[] = [];
  clock.after(1_000, () => fired.push(clock.monotonic()));

  clock.jump(-60_000);
  await clock.advance(999);
  expect(fired).toEqual([]);
  await clock.advance(1);

  expect(fired).toEqual([1_000]);
});

test('the system clock waits for any length without firing early', () => {
  let fired = false;
  const timer = systemClock.after(2 ** 40, () => {
    fired = true;
  });
  timer.cancel();
  timer.cancel();
  expect(fired).toBe(false);
});
