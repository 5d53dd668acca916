import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { RECORDED } from '../../examples/stock-eureka-server/recorded.ts';
import { startServer } from '../helpers/server-process.ts';
import { runExample } from './run-example.ts';

const RECORDINGS = resolve(import.meta.dirname, '../conformance/recorded/eureka-java');

test('stock-eureka-server: the SDK registers, is listed, called, renewed and cancelled on what a genuine server answered', async () => {
  const { code, output } = await runExample('stock-eureka-server/main.ts');
  expect(output).toContain('registered as billing/i1: registered');
  expect(output).toContain('http://billing/v1/invoices was answered by billing');
  expect(output).toContain('after 2.5 s: registered, 1 instance listed');
  expect(output).toContain('left: cancelled');
  for (const asked of [
    'POST /eureka/apps/BILLING 204',
    'PUT /eureka/apps/BILLING/i1 200',
    'GET /eureka/apps/delta 200',
    'DELETE /eureka/apps/BILLING/i1 200',
  ]) {
    expect(output).toContain(asked);
  }
  expect(code).toBe(0);
});

test('stock-eureka-server: --url runs the same on a real server', async ({ onTestFinished }) => {
  const registry = await startServer(['--data', 'none']);
  onTestFinished(async () => void (await registry.stop('SIGKILL')));
  const { code, output } = await runExample('stock-eureka-server/main.ts', { args: ['--url', registry.url] });
  expect(output).toContain('http://billing/v1/invoices was answered by billing');
  expect(code).toBe(0);
});

test('stock-eureka-server: what it plays back is what was recorded, byte for byte', () => {
  for (const [name, { case: id, status, body }] of Object.entries(RECORDED)) {
    const { exchanges } = JSON.parse(readFileSync(join(RECORDINGS, `${id}.json`), 'utf8')) as {
      exchanges: { response?: { status: number; body?: string } }[];
    };
    const isThere = exchanges.some(({ response }) => response?.status === status && (response.body ?? '') === body);
    expect(isThere, `${name} in ${id}`).toBe(true);
  }
});
