/** What a genuine server was asked, asked of ours: a new server for each recording, so that its deltas tell of nothing else. */
import { FakeClock } from '@heureka/client-sdk/testing';
import { createRegistryServer, type RegistryServerOptions } from 'heureka-server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../helpers/redis-server.ts';
import { DEVIATIONS } from './deviations.ts';
import { EXPLANATIONS } from './explanations.ts';
import { caseRecordings, otherRecordings, type Profile, type Recording, sampleRecording } from './recording.ts';
import { replay } from './replay.ts';

/** Our settings for theirs. */
const SETTINGS: Readonly<Record<Profile, Partial<RegistryServerOptions>>> = {
  default: {},
  // 1.5 s there; 10 is the least here.
  'delta-short': { deltaWindow: 10 },
  'delta-off': { disableDelta: true },
  gated: {},
  evicting: {},
  preserving: {},
};

/** Pauses of a recording whose point is that they outlast something last longer where that takes longer here. */
const PAUSE_FACTOR: Partial<Record<Profile, number>> = { 'delta-short': 3 };

const RUNNING_MS = 10_000;
const AT_ONCE = 16;

const ALL = [...caseRecordings(), ...otherRecordings(), sampleRecording()];

const named = (recordings: readonly Recording[]) =>
  recordings.map((recording) => ({ recording, id: recording.id, about: recording.about }));

async function problemsOf(
  recording: Recording,
  options: RegistryServerOptions,
  pass: (ms: number) => Promise<void>,
): Promise<readonly string[]> {
  const server = await createRegistryServer({
    port: 0,
    host: '127.0.0.1',
    ...SETTINGS[recording.profile],
    ...options,
  });
  try {
    // The recorded server had been running for a while: so has this one, and no lease is the first that it looks at.
    await pass(RUNNING_MS);
    const factor = PAUSE_FACTOR[recording.profile] ?? 1;
    const { problems } = await replay(`http://127.0.0.1:${server.port}`, recording, (secs) =>
      pass(secs * 1_000 * factor),
    );
    return problems;
  } finally {
    await server.close();
  }
}

test.each(named(ALL))('$id on memory: $about', async ({ recording }) => {
  const clock = new FakeClock();
  expect(await problemsOf(recording, { data: 'none', clock }, (ms) => clock.advance(ms))).toEqual([]);
});

describe('on Redis', () => {
  // Redis has a clock of its own: what waits for leases to end runs on memory alone.
  const now = ALL.filter(({ steps }) => steps.every(({ is }) => is === 'ask'));
  const found = new Map<string, readonly string[]>();
  let redis: RedisServer;

  // Many at once, each in a namespace of its own: a first node waits a second for others before it founds a registry.
  beforeAll(async () => {
    redis = await startRedis();
    const waiting = [...now];
    const work = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        const namespace = next.id.replace(/\W/g, '-').toLowerCase();
        found.set(next.id, await problemsOf(next, { redis: redis.url, namespace }, async () => {}));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  });
  afterAll(() => redis.stop());

  test.each(named(now))('$id on Redis: $about', ({ id }) => {
    expect(found.get(id)).toEqual([]);
  });
});

test('each explanation is about a recorded request, once', () => {
  const requests = new Map(ALL.map(({ id, steps }: Recording) => [id, steps.filter(({ is }) => is === 'ask').length]));
  const seen = new Set<string>();
  for (const { recording, requests: numbers, deviation } of EXPLANATIONS) {
    expect(DEVIATIONS).toHaveProperty(deviation);
    for (const number of numbers) {
      expect(number).toBeLessThanOrEqual(requests.get(recording) ?? 0);
      expect(seen.has(`${recording} ${number}`)).toBe(false);
      seen.add(`${recording} ${number}`);
    }
  }
});

test('every recorded case is there', () => {
  const ids = caseRecordings().map(({ id }) => id.replace(/[ab]$/, ''));
  expect(new Set(ids).size).toBe(74);
});
