import { expect, test } from 'vitest';
import type { Call } from '../support/traffic.ts';
import { formatted, summary } from './summary.ts';

/** 100 calls a second of 5 ms for `seconds`, changed by `change`. */
function calls(seconds: number, change: (call: Call) => Partial<Call> = () => ({})): Call[] {
  return Array.from({ length: seconds * 100 }, (_, index) => {
    const call: Call = { startedAt: index * 10, ms: 5, failed: false, by: 'a1', zone: 'zone-a' };
    return { ...call, ...change(call) };
  });
}

const ACTS = [
  { title: 'all is well', from: 0, to: 5_000, stock: '' },
  { title: 'something happens', from: 5_000, to: 10_000, stock: '170-222 s' },
];

test('traffic that never changed was steady at once', () => {
  const [first, second] = summary(ACTS, calls(10));
  expect(first).toMatchObject({ calls: 500, failed: 0, slowestMs: 5, steadyAfterMs: 0 });
  expect(second).toMatchObject({ calls: 500, failed: 0, steadyAfterMs: 0 });
});

test('steady counts from the end of the last half second with a failed or many slow calls', () => {
  const hurt = calls(10, ({ startedAt }) => ({
    failed: startedAt === 5_100,
    ms: startedAt >= 6_000 && startedAt < 6_200 ? 400 : 5,
  }));
  const [, second] = summary(ACTS, hurt);
  expect(second).toMatchObject({ failed: 1, slowestMs: 400, steadyAfterMs: 1_500 });
});

test('what is still bad at the end of an act was never steady, and the table says so', () => {
  const rows = summary(
    ACTS,
    calls(10, ({ startedAt }) => ({ ms: startedAt >= 9_000 ? 400 : 5 })),
  );
  expect(rows[1]?.steadyAfterMs).toBeUndefined();
  expect(formatted(rows)).toMatch(/something happens +500 +0 +400 ms +not yet +170-222 s$/m);
});
