import { expect, test } from 'vitest';
import { runExample } from './run-example.ts';

test('rolling-deploy: all instances are replaced under load and no call fails', async () => {
  const { code, output } = await runExample('rolling-deploy/main.ts');
  expect(output).toContain('4 of 4 replaced');
  const [, calls, failed] = /(\d+) calls, (\d+) failed; the last was answered by release 2/.exec(output) ?? [];
  expect(failed, output).toBe('0');
  expect(Number(calls)).toBeGreaterThan(500);
  expect(code).toBe(0);
}, 120_000);
