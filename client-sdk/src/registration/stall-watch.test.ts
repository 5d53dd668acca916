import { expect, test } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { gapWarning, StallWatch, type TimeGap } from './stall-watch.ts';

async function after(pauseMs: number, passedMs: number, jumpMs = 0): Promise<TimeGap | undefined> {
  const clock = new FakeClock();
  const watch = new StallWatch(clock);
  expect(watch.woke()).toBeUndefined();
  watch.pausing(pauseMs);
  await clock.advance(passedMs);
  clock.jump(jumpMs);
  return watch.woke();
}

test('a pause that lasts as long as it should, is cut short, or is a little late is no gap', async () => {
  for (const passedMs of [1_000, 10, 2_900]) expect(await after(1_000, passedMs)).toBeUndefined();
  for (const jumpMs of [1_500, -1_500]) expect(await after(1_000, 1_000, jumpMs)).toBeUndefined();
});

test('a timer that comes late is a stalled event loop; a wall clock that ran ahead, a sleep; one that fell back is set back', async () => {
  expect(await after(1_000, 7_500)).toEqual({ is: 'event-loop-stalled', ms: 6_500 });
  expect(await after(1_000, 1_000, 60_000)).toEqual({ is: 'machine-slept', ms: 60_000 });
  expect(await after(1_000, 200, -5_000)).toEqual({ is: 'clock-set-back', ms: 5_000 });
});

test('the sentence says how long it was, and what that means', () => {
  const { code, message } = gapWarning({ is: 'event-loop-stalled', ms: 31_250 }, 30_000);
  expect(code).toBe('EVENT_LOOP_STALLED');
  expect(message).toContain('the event loop stood still for 31.3 s, longer than the lease of 30 s');
});
