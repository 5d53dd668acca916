import { expect, test } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { startLoop } from './loop.ts';

test('a loop pauses after its work, so a slow turn never meets the next one', async ({ onTestFinished }) => {
  const clock = new FakeClock();
  let running = 0;
  let turns = 0;
  const loop = startLoop({
    clock,
    turn: async () => {
      running++;
      expect(running).toBe(1);
      await new Promise<void>((resolve) => clock.after(500, resolve));
      running--;
      turns++;
      return 1_000;
    },
    failed: () => 1_000,
  });
  onTestFinished(() => void loop.stop());

  await clock.advance(4_600);

  expect(turns).toBe(3);
});

test('a turn that throws is followed by the pause that `failed` names', async ({ onTestFinished }) => {
  const clock = new FakeClock();
  const startedAt: number[] = [];
  const loop = startLoop({
    clock,
    turn: () => {
      startedAt.push(clock.monotonic());
      throw new Error('no');
    },
    failed: () => 250,
  });
  onTestFinished(() => void loop.stop());

  await clock.advance(600);

  expect(startedAt).toEqual([0, 250, 500]);
});

test('hurry starts the next turn at once, and one more after a turn that is running', async ({ onTestFinished }) => {
  const clock = new FakeClock();
  let turns = 0;
  let hold: (() => void) | undefined;
  const loop = startLoop({
    clock,
    turn: () => {
      turns++;
      return new Promise<number>((resolve) => {
        hold = () => resolve(10_000);
      });
    },
    failed: () => 10_000,
  });
  onTestFinished(async () => {
    const stopped = loop.stop();
    hold?.();
    await stopped;
  });
  await clock.advance(0);
  expect(turns).toBe(1);

  loop.hurry();
  hold?.();
  await clock.advance(0);
  expect(turns).toBe(2);

  hold?.();
  await clock.advance(5_000);
  expect(turns).toBe(2);
  loop.hurry();
  await clock.advance(0);
  expect(turns).toBe(3);
});

test('stop aborts the running turn, resolves when it has ended, and leaves no timer', async () => {
  const clock = new FakeClock();
  const ended: string[] = [];
  const loop = startLoop({
    clock,
    turn: (signal) =>
      new Promise<number>((_, reject) => {
        signal.addEventListener('abort', () => {
          ended.push('turn');
          reject(signal.reason);
        });
      }),
    failed: () => 1,
  });
  await clock.advance(0);

  await loop.stop().then(() => ended.push('loop'));

  expect(ended).toEqual(['turn', 'loop']);
  expect(clock.timers).toBe(0);
});
