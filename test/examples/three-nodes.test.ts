import { expect, test } from 'vitest';
import { startRedis } from '../helpers/redis-server.ts';
import { runExample } from './run-example.ts';

test('three-nodes: a node of three is killed and comes back, and no instance is lost at any time', async ({
  onTestFinished,
}) => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const { code, output } = await runExample('three-nodes/main.ts', { env: { REDIS_URL: redis.url } });
  expect(output).toContain('registered 30 instances through all of them; the nodes list 30, 30, 30');
  expect(output).toContain('the nodes list dead, 30, 30; at no time fewer than 30');
  expect(output).toContain('the nodes list 31, 31, 31');
  expect(output).toContain('lost: 0');
  expect(code).toBe(0);
}, 120_000);

test('three-nodes: without Redis it says what to do and ends with exit code 2', async () => {
  const { code, output } = await runExample('three-nodes/main.ts', { env: { PATH: '/nonexistent' } });
  expect(output.trim()).toBe(
    'This example needs Redis 6.2 or newer: set REDIS_URL, or put redis-server or valkey-server on PATH.',
  );
  expect(code).toBe(2);
});
