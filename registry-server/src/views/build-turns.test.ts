import type { Clock, Timer } from '@heureka/client-sdk/runtime';
import { FakeClock } from '@heureka/client-sdk/testing';
import { expect, test } from 'vitest';
import { type Build, BuildTurns, MAX_PAUSE_MS } from './build-turns.ts';

/** A clock on which work takes time. */
class WorkingClock implements Clock {
  readonly fake = new FakeClock();
  #worked = 0;

  work(ms: number): void {
    this.#worked += ms;
  }

  now(): number {
    return this.fake.now() + this.#worked;
  }

  monotonic(): number {
    return this.fake.monotonic() + this.#worked;
  }

  after(ms: number, callback: () => void): Timer {
    return this.fake.after(ms, callback);
  }
}

/** Work of so many steps of 1 ms; notes when each began, and what became of it. */
class Steps implements Build {
  readonly began: number[] = [];
  ended = 0;
  error: unknown;
  readonly #clock: WorkingClock;
  readonly #count: number;

  constructor(clock: WorkingClock, count: number) {
    this.#clock = clock;
    this.#count = count;
  }

  *begin(): Generator<void, void> {
    for (let step = 0; step < this.#count; step++) {
      this.began.push(this.#clock.monotonic());
      this.#clock.work(1);
      yield;
    }
  }

  done(): void {
    this.ended++;
  }

  failed(error: unknown): void {
    this.error = error;
  }
}

test('what takes less than a turn is done within the call', () => {
  const clock = new WorkingClock();
  const build = new Steps(clock, 5);
  new BuildTurns(clock).ask(build);
  expect(build.ended).toBe(1);
});

test('longer work is laid down every 8 ms', async () => {
  const clock = new WorkingClock();
  const build = new Steps(clock, 20);
  new BuildTurns(clock).ask(build);
  expect([build.began.length, build.ended]).toEqual([8, 0]);
  await clock.fake.advance(0);
  expect([build.began.length, build.ended]).toEqual([20, 1]);
});

test('after a build the next one waits four times as long, and asking twice is asking once', async () => {
  const clock = new WorkingClock();
  const turns = new BuildTurns(clock);
  const build = new Steps(clock, 5);
  turns.ask(build);
  turns.ask(build);
  turns.ask(build);
  await clock.fake.advance(19);
  expect(build.ended).toBe(1);
  await clock.fake.advance(1);
  expect(build.ended).toBe(2);
  await clock.fake.advance(1_000);
  expect(build.ended).toBe(2);
  expect(clock.fake.timers).toBe(0);
});

test('the pause after a long build is bounded', async () => {
  const clock = new WorkingClock();
  const turns = new BuildTurns(clock);
  const [first, second] = [new Steps(clock, 1_000), new Steps(clock, 1)];
  turns.ask(first);
  turns.ask(second);
  await clock.fake.advance(0);
  expect([first.ended, second.ended]).toEqual([1, 0]);
  await clock.fake.advance(MAX_PAUSE_MS);
  expect(second.ended).toBe(1);
});

test('builds run one after the other, in the order of asking; one asked for while it runs runs again', async () => {
  const clock = new WorkingClock();
  const turns = new BuildTurns(clock);
  const [first, second] = [new Steps(clock, 10), new Steps(clock, 10)];
  turns.ask(first);
  turns.ask(first);
  turns.ask(second);
  await clock.fake.advance(60);
  expect([first.ended, second.ended]).toEqual([2, 0]);
  await clock.fake.advance(100);
  expect([first.ended, second.ended]).toEqual([2, 1]);
  expect(Math.max(...first.began)).toBeLessThan(Math.min(...second.began));
});

test('a build that fails is told so, and the next one runs', async () => {
  const clock = new WorkingClock();
  const turns = new BuildTurns(clock);
  const failing = new Steps(clock, 1);
  failing.begin = () => {
    throw new Error('no');
  };
  const later = new Steps(clock, 1);
  const midway = new Steps(clock, 1);
  midway.begin = function* () {
    yield;
    throw new Error('halfway');
  };
  turns.ask(failing);
  turns.ask(midway);
  turns.ask(later);
  await clock.fake.advance(100);
  expect([failing.error, midway.error]).toEqual([new Error('no'), new Error('halfway')]);
  expect(later.ended).toBe(1);
});
