/** The list of everything and the delta, against the same lists encoded in one go. */
import { execFileSync, spawnSync } from 'node:child_process';
import { gunzipSync, gzipSync } from 'node:zlib';
import { hashCodeOf } from '@heureka/client-sdk/protocol';
import { FakeClock } from '@heureka/client-sdk/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChangingReplica, springInfo } from '../replica/changing-replica.fixture.ts';
import type { Replica } from '../replica/replica.ts';
import { layoutOf } from './layout.ts';
import { bytesOf, JSON_GZIP, JSON_PLAIN, LAYOUTS, naively } from './lists.fixture.ts';
import { RegistryViews } from './registry-views.ts';

const WINDOW_MS = 180_000;

function viewsOf(source: ChangingReplica, replica: Replica = source.replica, clock = new FakeClock()): RegistryViews {
  return new RegistryViews({ replica, clock, now: () => source.now, deltaWindowMs: WINDOW_MS });
}

/** What `GET apps` should be. */
function everything({ replica }: ChangingReplica, as: (typeof LAYOUTS)[number]): string {
  return naively(replica.all(), { version: '1', hash: hashCodeOf(replica.statusCounts) }, layoutOf(as));
}

function delta(source: ChangingReplica, as: (typeof LAYOUTS)[number]): string {
  const { replica, now } = source;
  const counters = { version: String(replica.cursor.version), hash: hashCodeOf(replica.statusCounts) };
  const changes = replica.recent(now - WINDOW_MS);
  return naively(
    changes.map((change) => change.delta),
    counters,
    layoutOf(as),
  );
}

async function filled(count: number, clock?: FakeClock): Promise<{ source: ChangingReplica; views: RegistryViews }> {
  const source = new ChangingReplica();
  for (let number = 0; number < count; number++)
    source.put(`SERVICE-${number % 500}`, `i${number}`, springInfo(number));
  return { source, views: viewsOf(source, source.replica, clock) };
}

/** Some instances at once, in places far apart and side by side; texts small and larger than a segment. */
const step = fc.oneof(
  fc.record({
    is: fc.constant('put' as const),
    app: fc.integer({ min: 0, max: 30 }),
    id: fc.integer({ min: 0, max: 40 }),
    count: fc.constantFrom(1, 1, 1, 30),
    filler: fc.constantFrom(0, 0, 3, 800, 50_000),
    status: fc.constantFrom('UP' as const, 'DOWN' as const),
  }),
  fc.record({
    is: fc.constant('remove' as const),
    app: fc.integer({ min: 0, max: 30 }),
    id: fc.integer({ min: 0, max: 40 }),
    count: fc.constantFrom(1, 1, 40),
  }),
  fc.record({ is: fc.constant('read' as const), layout: fc.nat(3), gzip: fc.boolean() }),
  fc.record({ is: fc.constant('wait' as const), ms: fc.constantFrom(1_000, 100_000, 400_000) }),
  fc.record({ is: fc.constant('renumber' as const) }),
);

const steps = fc.array(step, { maxLength: 60, size: 'max' });
/** Nothing, or several pages. */
const sizes = fc.constantFrom(0, 0, 0, 2_500);

test('after any changes, however read in between, both lists are what encoding them in one go gives, in every form', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, steps, fc.nat(3), async (size, steps, layout) => {
      const source = new ChangingReplica();
      for (let number = 0; number < size; number++) source.put(`A${number % 31}`, `i${number}`, springInfo(number));
      const clock = new FakeClock();
      const views = viewsOf(source, source.replica, clock);
      for (const taken of steps) {
        if (taken.is === 'put') {
          for (let more = 0; more < taken.count; more++) {
            const metadata = { filler: 'x'.repeat(taken.filler) };
            const number = taken.id + more;
            source.put(`A${taken.app}`, `i${number}`, { ...springInfo(number), status: taken.status, metadata });
          }
        } else if (taken.is === 'remove') {
          for (let more = 0; more < taken.count; more++) source.remove(`A${taken.app}`, `i${taken.id + more}`);
        } else if (taken.is === 'read') {
          const as = { ...LAYOUTS[taken.layout]!, encoding: taken.gzip ? ('gzip' as const) : ('identity' as const) };
          await views.all(as);
          await views.delta(as);
        } else if (taken.is === 'wait') {
          source.now += taken.ms;
          await clock.advance(taken.ms);
        } else source.replica.renumber({ epoch: 'f', version: source.version });
      }

      const as = LAYOUTS[layout]!;
      const plain = bytesOf(await views.all({ ...as, encoding: 'identity' }));
      expect(plain.toString()).toBe(everything(source, as));
      const packed = bytesOf(await views.all({ ...as, encoding: 'gzip' }));
      expect(gunzipSync(packed).toString()).toBe(everything(source, as));
      expect(gunzipSync(bytesOf(await views.delta({ ...as, encoding: 'gzip' }))).toString()).toBe(delta(source, as));
      expect(bytesOf(await views.delta({ ...as, encoding: 'identity' })).toString()).toBe(delta(source, as));

      const other = viewsOf(source, source.loaded());
      expect(bytesOf(await other.all({ ...as, encoding: 'gzip' })).equals(packed)).toBe(true);
      expect(bytesOf(await other.all({ ...as, encoding: 'identity' })).equals(plain)).toBe(true);
    }),
    { numRuns: 60 },
  );
}, 120_000);

test('whole segments leave and return, at the beginning, between applications, at the end', async () => {
  const names = Array.from({ length: 90 }, (_, index) => ({
    app: `A${Math.floor(index / 30)}`,
    id: `i${10 + (index % 30)}`,
  }));
  for (const from of [0, 17, 30, 60]) {
    for (let count = 1; count <= 60; count++) {
      const source = new ChangingReplica();
      for (const { app, id } of names) source.put(app, id, springInfo(1));
      const views = viewsOf(source);
      await views.all(JSON_GZIP);
      const some = names.slice(from, from + count);
      for (const { app, id } of some) source.remove(app, id);
      expect(gunzipSync(bytesOf(await views.all(JSON_GZIP))).toString()).toBe(everything(source, JSON_GZIP));
      for (const { app, id } of some) source.put(app, id, springInfo(2));
      expect(gunzipSync(bytesOf(await views.all(JSON_GZIP))).toString()).toBe(everything(source, JSON_GZIP));
    }
  }
});

test('the compressed list is hardly larger than when compressed whole, and read by gzip and by Python too', async () => {
  const { source, views } = await filled(10_000);
  for (let number = 0; number < 10_000; number += 97) {
    source.put(`SERVICE-${number % 500}`, `i${number}`, { ...springInfo(number), status: 'DOWN' });
    if (number % 1_000 < 97) await views.all(JSON_GZIP);
  }
  const packed = bytesOf(await views.all(JSON_GZIP));
  const text = Buffer.from(everything(source, JSON_PLAIN));

  expect(packed.length / gzipSync(text, { level: 6 }).length).toBeLessThan(1.15);
  expect(gunzipSync(packed).equals(text)).toBe(true);
  expect(runs('gzip'), 'this test needs gzip on PATH').toBe(true);
  expect(execFileSync('gzip', ['-t'], { input: packed }).length).toBe(0);
  expect(runs('python3'), 'this test needs python3 on PATH').toBe(true);
  const script = 'import gzip,sys; sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))';
  expect(execFileSync('python3', ['-c', script], { input: packed, maxBuffer: 2 ** 30 }).equals(text)).toBe(true);
});

test.each([JSON_PLAIN, JSON_GZIP])('a large answer is its pages, of which a change makes one anew: %j', async (as) => {
  const { source, views } = await filled(4_000);
  const before = await views.all(as);
  source.put('SERVICE-7', 'i7', { ...springInfo(7), status: 'DOWN' });
  const after = await views.all(as);

  expect(before.chunks.length).toBeGreaterThan(4);
  // Head and tail are small, and made with each answer.
  const made = after.chunks.slice(1, -1).filter((chunk) => !before.chunks.includes(chunk));
  expect(made.length).toBe(1);
});

test('an answer below 64 KiB is one buffer', async () => {
  const { views } = await filled(500);
  const { length, chunks } = await views.all(JSON_GZIP);
  expect(length).toBeLessThan(64 * 1024);
  expect(chunks.length).toBe(1);
});

test('a change encodes one instance, however many there are', async () => {
  const source = new ChangingReplica();
  let encoded = 0;
  for (let number = 0; number < 3_000; number++) source.put(`S-${number % 50}`, `i${number}`, springInfo(number));
  const views = viewsOf(source);
  await views.all(JSON_GZIP);
  const info = { ...springInfo(7), status: 'DOWN' as const };
  // Whoever encodes an instance reads its host name.
  source.put('S-7', 'i7', info);
  const { info: served } = [...source.replica.app('S-7')!.values()].find(({ id }) => id === 'i7')!;
  const { hostName } = served;
  Object.defineProperty(served, 'hostName', {
    get: () => {
      encoded++;
      return hostName;
    },
  });

  await views.all(JSON_GZIP);
  await views.delta(JSON_GZIP);
  await views.since(`e.${source.version - 1}`, { apps: [], vips: [] }, 'identity');

  expect(encoded).toBe(1);
});

test('a list that nobody asks for is let go after a minute, and of plain ones the two asked for last are held', async () => {
  const clock = new FakeClock();
  const { views } = await filled(10, clock);
  const [full, compact, xml] = LAYOUTS.map((layout) => ({ ...layout, encoding: 'identity' as const }));
  const first = await views.all(full!);
  const second = await views.all(compact!);
  await clock.advance(1_000);
  await views.all(full!);
  await views.all(xml!);

  expect(await views.all(full!)).toBe(first);
  expect(await views.all(compact!)).not.toBe(second);
  await clock.advance(71_000);
  expect(await views.all(full!)).not.toBe(first);
  await clock.advance(1_000_000);
  expect(clock.timers).toBe(0);
});

function runs(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}
