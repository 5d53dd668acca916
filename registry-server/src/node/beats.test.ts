import { sleep } from '@heureka/client-sdk/runtime';
import { FakeClock } from '@heureka/client-sdk/testing';
import { expect, test } from 'vitest';
import { instanceKey } from '../store/instance-key.ts';
import { Beats, type PendingBeats } from './beats.ts';

const key = (number: number) => instanceKey('BILLING', `i${number}`);

/** Writes that take their time. */
class SlowStore {
  readonly clock = new FakeClock();
  readonly written: PendingBeats[] = [];
  /** Age of the oldest beat when the store had it, ms. */
  oldestMs = 0;
  underWay = 0;
  mostUnderWay = 0;
  readonly beats: Beats;

  constructor(answerMs: number) {
    this.beats = new Beats(this.clock, async (beats) => {
      this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
      await sleep(this.clock, answerMs);
      this.underWay--;
      this.written.push(beats);
      for (const at of beats.values()) this.oldestMs = Math.max(this.oldestMs, this.clock.monotonic() - at);
    });
    this.beats.open = true;
  }

  note(number: number): void {
    this.beats.note(key(number), this.clock.monotonic());
  }
}

test('beats go to the store together, at most every 100 ms, the latest of each instance', async () => {
  const slow = new SlowStore(0);
  slow.note(1);
  await slow.clock.advance(50);
  slow.note(1);
  slow.note(2);
  expect(slow.beats.waiting).toBe(2);
  await slow.clock.advance(60);
  expect(slow.written.map((beats) => [...beats])).toEqual([
    [
      [key(1), 50],
      [key(2), 50],
    ],
  ]);
  expect(slow.beats.waiting).toBe(0);
  expect(slow.clock.timers).toBe(0);
});

test('a store that answers in 250 ms is written to by one write at a time, and no beat falls behind', async () => {
  const slow = new SlowStore(250);
  for (let beat = 0; beat < 3_000; beat++) {
    slow.note(beat);
    await slow.clock.advance(10);
  }
  expect(slow.mostUnderWay).toBe(1);
  // One write that has just begun, the pause after it, and its own.
  expect(slow.oldestMs).toBeLessThanOrEqual(250 + 100 + 250 + 10);
  await slow.clock.advance(1_000);
  expect(new Set(slow.written.flatMap((beats) => [...beats.keys()])).size).toBe(3_000);
});

test('those being written wait too, until the store has them', async () => {
  const slow = new SlowStore(250);
  for (let beat = 0; beat < 10; beat++) slow.note(beat);
  await slow.clock.advance(200);
  slow.note(10);
  expect(slow.beats.waiting).toBe(11);
  await slow.clock.advance(200);
  expect(slow.beats.waiting).toBe(1);
  await slow.clock.advance(400);
  expect(slow.beats.waiting).toBe(0);
});

test('flush at the end writes what waits behind the write under way', async () => {
  const slow = new SlowStore(250);
  slow.note(1);
  await slow.clock.advance(150);
  slow.note(2);
  const flushed = slow.beats.flush();
  await slow.clock.advance(600);
  await flushed;
  expect(slow.written).toHaveLength(2);
  expect(slow.mostUnderWay).toBe(1);
  expect(slow.beats.waiting).toBe(0);
});

test('many beats go at once; what a write gives back is tried again after a pause, however many there are', async () => {
  const clock = new FakeClock();
  let writes = 0;
  const beats: Beats = new Beats(clock, async (given) => {
    writes++;
    beats.keep(given);
  });
  beats.open = true;
  for (let beat = 0; beat < 500; beat++) beats.note(key(beat), clock.monotonic());
  await clock.advance(0);
  expect(writes).toBe(1);
  await clock.advance(1_000);
  expect(writes).toBe(11);
  expect(beats.waiting).toBe(500);
});

test('the beats of the last full minute are counted, and an empty minute counts none', async () => {
  const slow = new SlowStore(0);
  for (let beat = 0; beat < 7; beat++) slow.note(beat);
  expect(slow.beats.lastMinute).toBe(0);
  await slow.clock.advance(60_000);
  expect(slow.beats.lastMinute).toBe(7);
  await slow.clock.advance(120_000);
  expect(slow.beats.lastMinute).toBe(0);
});
