/** The cases against our server, on each store, through both base paths. */
import { beforeAll, describe, expect, test } from 'vitest';
import { startRedis } from '../helpers/redis-server.ts';
import { type ServerProcess, startServer } from '../helpers/server-process.ts';
import type { Need } from './case.ts';
import { CASES } from './cases.ts';
import { runCase } from './run-case.ts';

interface Server {
  readonly name: string;
  readonly start: () => Promise<ServerProcess>;
  readonly has: readonly Need[];
  readonly stop: () => Promise<void>;
}

let stops: (() => Promise<unknown>)[] = [];
const started = async (args: readonly string[]): Promise<ServerProcess> => {
  const server = await startServer(args);
  stops.push(() => server.stop());
  return server;
};
const stop = async (): Promise<void> => {
  for (const end of stops.reverse()) await end();
  stops = [];
};

const SERVERS: readonly Server[] = [
  {
    name: 'memory store',
    start: () => started(['--data', 'none']),
    has: ['fast-eviction'],
    stop,
  },
  {
    name: 'Redis store',
    start: async () => {
      const redis = await startRedis();
      stops.push(() => redis.stop());
      return started(['--redis', redis.url]);
    },
    has: ['fast-eviction'],
    stop,
  },
  {
    name: 'memory store, a delta of 10 s',
    start: () => started(['--data', 'none', '--delta-window', '10']),
    has: ['short-delta'],
    stop,
  },
  {
    name: 'memory store, delta off',
    start: () => started(['--data', 'none', '--disable-delta']),
    has: ['delta-off'],
    stop,
  },
];

describe.each(SERVERS)('$name', ({ start, has, stop: end }) => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await start();
    return end;
  });
  // A server with special settings runs only the cases that are about them.
  const special = has.some((need) => need !== 'fast-eviction');
  const cases = CASES.filter(({ needs }) =>
    special ? needs !== undefined && has.includes(needs) : needs === undefined || has.includes(needs),
  );
  const runs = cases.flatMap((one) =>
    // What needs a setting, or time, is not about paths.
    (one.needs === undefined ? ['/eureka', '/eureka/v2'] : ['/eureka']).map((base) => ({ one, base, ...one })),
  );

  test.each(runs)('$id $base: $about', async ({ one, base }) => {
    const verdict = await runCase({ origin: server.origin, base, has: new Set(has), like: 'ours' }, one);
    expect(verdict.is === 'failed' ? verdict.notes : []).toEqual([]);
    expect(verdict.is).not.toBe('not run');
  });
});

test('all 74 cases are there, each once', () => {
  expect(new Set(CASES.map(({ id }) => id))).toEqual(
    new Set(Array.from({ length: 74 }, (_, index) => `C${index + 1}`)),
  );
  expect(CASES).toHaveLength(74);
});
