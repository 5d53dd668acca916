/** Readers of a list that takes several turns to make. */
import type { Clock, Timer } from '@heureka/client-sdk/runtime';
import { FakeClock } from '@heureka/client-sdk/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChangingReplica, springInfo } from '../replica/changing-replica.fixture.ts';
import { BuildTurns } from './build-turns.ts';
import { InstanceTexts } from './instance-texts.ts';
import { LargeList, type ListContent } from './large-list.ts';
import { layoutOf } from './layout.ts';
import { bytesOf, JSON_PLAIN, naively } from './lists.fixture.ts';

/** Each look at the clock is half a millisecond later: every build is cut into turns of some steps. */
class TickingClock implements Clock {
  readonly fake = new FakeClock();
  #looks = 0;

  now(): number {
    return this.fake.now();
  }

  monotonic(): number {
    this.#looks++;
    return this.fake.monotonic() + this.#looks / 2;
  }

  after(ms: number, callback: () => void): Timer {
    return this.fake.after(ms, callback);
  }
}

const LAYOUT = layoutOf(JSON_PLAIN);

function listOf(source: ChangingReplica, content: Partial<ListContent> = {}): { list: LargeList; clock: TickingClock } {
  const clock = new TickingClock();
  const list = new LargeList({
    layout: LAYOUT,
    texts: new InstanceTexts(),
    content: {
      all: () => source.replica.all(),
      title: () => ({ counters: { version: String(source.version), hash: '' }, etag: `W/"${source.version}"` }),
      ...content,
    },
    turns: new BuildTurns(clock),
    clock,
    built: () => {},
  });
  source.replica.onChange((change) => list.changed(change));
  return { list, clock };
}

function textOf(source: ChangingReplica): string {
  return naively(source.replica.all(), { version: String(source.version), hash: '' }, LAYOUT);
}

test('a read shows all that was applied when it came, and one moment of the content, whatever happens while it is made', async () => {
  const change = fc.record({ number: fc.nat(399), pause: fc.constantFrom(0, 0, 1, 30), read: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 60, size: 'max' }), async (changes) => {
      const source = new ChangingReplica();
      for (let number = 0; number < 300; number++) source.put(`A${number % 20}`, `i${number}`, springInfo(number));
      const { list, clock } = listOf(source);
      const texts = new Map([[source.version, textOf(source)]]);
      const reads: Promise<void>[] = [];
      for (const { number, pause, read } of changes) {
        if (number % 5 === 0) source.remove(`A${number % 20}`, `i${number}`);
        else source.put(`A${number % 20}`, `i${number}`, { ...springInfo(number), status: 'DOWN' });
        texts.set(source.version, textOf(source));
        if (read) {
          const came = source.version;
          reads.push(
            Promise.resolve(list.answer('identity')).then((answer) => {
              const version = Number(answer.etag.slice(3, -1));
              expect(version).toBeGreaterThanOrEqual(came);
              expect(bytesOf(answer).toString()).toBe(texts.get(version));
            }),
          );
        }
        await clock.fake.advance(pause);
      }
      await clock.fake.advance(60_000);
      await Promise.all(reads);
    }),
    { numRuns: 30 },
  );
}, 60_000);

test('readers who come while nothing changes share one build, and later ones its answer', async () => {
  const source = new ChangingReplica();
  for (let number = 0; number < 300; number++) source.put('A', `i${number}`, springInfo(number));
  let titles = 0;
  const { list, clock } = listOf(source, {
    title: () => {
      titles++;
      return { counters: { version: '1', hash: '' }, etag: 'W/"1"' };
    },
  });
  const first = list.answer('gzip');
  const second = list.answer('gzip');
  expect(first).toBeInstanceOf(Promise);
  await clock.fake.advance(10_000);
  expect(await first).toBe(await second);
  expect(list.answer('gzip')).toBe(await first);
  expect(titles).toBe(1);
});

test('a form that nobody reads is not made, and one let go is made again when it is read', async () => {
  const source = new ChangingReplica();
  for (let number = 0; number < 300; number++) source.put('A', `i${number}`, springInfo(number));
  const { list, clock } = listOf(source);
  const packed = list.answer('gzip');
  list.drop('gzip');
  await clock.fake.advance(10_000);
  expect((await packed).length).toBeGreaterThan(100);
  expect([list.askedAt('identity') === undefined, list.askedAt('gzip') === undefined]).toEqual([true, false]);

  list.drop('gzip');
  expect(list.askedAt('gzip')).toBeUndefined();
  const plain = list.answer('identity');
  await clock.fake.advance(10_000);
  expect(bytesOf(await plain).toString()).toBe(textOf(source));
});

test('readers of a build that fails are told, and the next build begins from nothing', async () => {
  const source = new ChangingReplica();
  for (let number = 0; number < 100; number++) source.put('A', `i${number}`, springInfo(number));
  let broken = false;
  const { list, clock } = listOf(source, {
    title: () => {
      if (broken) throw new Error('broken');
      return { counters: { version: String(source.version), hash: '' }, etag: 'W/"1"' };
    },
  });
  const before = list.answer('identity');
  await clock.fake.advance(10_000);
  await before;

  broken = true;
  source.put('A', 'i7', { status: 'DOWN' });
  const failing = Promise.resolve(list.answer('identity'));
  await Promise.all([expect(failing).rejects.toThrow('broken'), clock.fake.advance(10_000)]);
  broken = false;
  const after = list.answer('identity');
  await clock.fake.advance(10_000);
  expect(bytesOf(await after).toString()).toBe(textOf(source));
});
