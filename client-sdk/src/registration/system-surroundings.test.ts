import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageName, routeSource } from './system-surroundings.ts';

test('the way to a registry on this machine starts on the loopback; without a way there is no answer', async () => {
  expect(await routeSource('http://127.0.0.1:8761/eureka')).toBe('127.0.0.1');
  expect(await routeSource('http://no-such-host.invalid/eureka')).toBeUndefined();
  expect(await routeSource('no URL')).toBeUndefined();
});

test('the name is that of the nearest package with one', async ({ onTestFinished }) => {
  const folder = await mkdtemp(join(tmpdir(), 'package-name-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const inner = join(folder, 'a', 'b');
  await mkdir(inner, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"name":"@acme/orders"}');
  await writeFile(join(folder, 'a', 'package.json'), '{"type":"module"}');
  await writeFile(join(inner, 'package.json'), 'no JSON');
  expect(await packageName(inner)).toBe('@acme/orders');
});
