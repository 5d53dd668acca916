/** Ten instances that do not use the SDK, an open-loop load through it, and everything that can happen to them: no call fails. */
import { expect, test } from 'vitest';
import { runFailover } from './run.ts';

test('whatever happens to instances, a zone or the registry, no GET fails, and none hangs for longer than one time-out', async () => {
  const seen = await runFailover({
    kinds: ['sdk'],
    callsPerSecond: 60,
    windowMs: 2_500,
    restMs: 3_500,
    progress: () => undefined,
  });
  expect(seen.map(({ event, failed, why }) => [event.title, failed, why])).toEqual(
    seen.map(({ event }) => [event.title, 0, undefined]),
  );
  for (const { event, calls, slowestMs } of seen) {
    expect(calls, event.title).toBeGreaterThan(200);
    expect(slowestMs, event.title).toBeLessThan(8_000);
  }
}, 180_000);
