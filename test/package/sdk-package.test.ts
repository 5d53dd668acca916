/** The SDK as it is published: its files and types for every way of loading it, and what loading it does to a process (nothing). */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');
const SDK = join(ROOT, 'client-sdk');

beforeAll(() => {
  if (!existsSync(join(SDK, 'dist/esm/index.js'))) throw new Error('these tests need the build: npm run build');
});

/** What a program prints, as JSON; it runs in a process of its own, from the folder of a user of the package. */
async function program(code: string, type: 'module' | 'commonjs' = 'module'): Promise<unknown> {
  const { stdout } = await run(process.execPath, [`--input-type=${type}`, '--eval', code], {
    cwd: join(ROOT, 'examples'),
    timeout: 20_000,
  });
  return JSON.parse(stdout);
}

test('publint finds nothing wrong with what is published', async () => {
  const { publint } = await import('publint');
  const { messages } = await publint({ pkgDir: SDK, strict: true });
  expect(messages.filter(({ type }) => type !== 'suggestion')).toEqual([]);
});

test('types are right for ESM, CommonJS and bundlers, on every entry point', async () => {
  const attw = join(ROOT, 'node_modules/@arethetypeswrong/cli/dist/index.js');
  // Ends with another code than 0, so rejects, when it finds a problem.
  const { stdout } = await run(process.execPath, [attw, '--pack', SDK, '--profile', 'node16', '--format', 'json'], {
    cwd: ROOT,
    timeout: 100_000,
    maxBuffer: 2 ** 26,
  });
  const { analysis } = JSON.parse(stdout) as { analysis: { entrypoints: Record<string, unknown> } };
  expect(Object.keys(analysis.entrypoints)).toEqual([
    '.',
    './protocol',
    './runtime',
    './testing',
    './prom-client',
    './package.json',
  ]);
}, 120_000);

test('loading it starts nothing, and leaves the dispatcher of the built-in fetch as it was', async () => {
  const code = `
    const resources = () => process.getActiveResourcesInfo().filter((name) => /Timeout|TCP|UDP|Immediate/.test(name));
    const before = resources();
    await import('@heureka/client-sdk');
    const started = resources().length - before.length;
    const { Agent } = await import('undici');
    const global = globalThis[Symbol.for('undici.globalDispatcher.1')];
    console.log(JSON.stringify({ ours: global instanceof Agent, there: global !== undefined, started }));`;
  expect(await program(code)).toEqual({ ours: false, there: true, started: 0 });
});

test('import and require give one copy', async () => {
  const code = `
    import { createRequire } from 'node:module';
    const imported = await import('@heureka/client-sdk');
    const required = createRequire(import.meta.url)('@heureka/client-sdk');
    console.log(JSON.stringify({ same: imported.createDiscovery === required.createDiscovery }));`;
  expect(await program(code)).toEqual({ same: true });
});

test('the CommonJS copy works beside the other, and its errors are known to both', async () => {
  const code = `
    import { createRequire } from 'node:module';
    const esm = await import('@heureka/client-sdk');
    const require = createRequire(import.meta.url);
    const cjs = require(${JSON.stringify(join(SDK, 'dist/cjs/index.js'))});
    const error = await cjs.createDiscovery({ readyMs: -1 }).catch((thrown) => new TypeError('fetch failed', { cause: thrown }));
    console.log(JSON.stringify({
      other: esm.createDiscovery !== cjs.createDiscovery,
      instance: error.cause instanceof esm.DiscoveryError,
      code: esm.DiscoveryError.in(error)?.code,
    }));`;
  expect(await program(code)).toEqual({ other: true, instance: false, code: 'ERR_OPTIONS' });
});

test('a CommonJS program requires it', async () => {
  const code = `
    const { createDiscovery } = require('@heureka/client-sdk');
    const { anInstance } = require('@heureka/client-sdk/testing');
    const source = { open: async (handler) => handler.snapshot([anInstance({ app: 'orders' })]) };
    createDiscovery({ source, start: 'wait' }).then(async (discovery) => {
      console.log(JSON.stringify(discovery.services()));
      await discovery.close();
    });`;
  expect(await program(code, 'commonjs')).toEqual(['orders']);
});

test('several discoveries, one in a worker thread, know nothing of each other', async () => {
  const worker = `
    const { parentPort } = require('node:worker_threads');
    const { createDiscovery } = require('@heureka/client-sdk');
    const { anInstance } = require('@heureka/client-sdk/testing');
    const source = { open: async (handler) => handler.snapshot([anInstance({ app: 'in-worker' })]) };
    createDiscovery({ source, start: 'wait' }).then(async (discovery) => {
      parentPort.postMessage(discovery.services());
      await discovery.close();
    });`;
  const code = `
    import { once } from 'node:events';
    import { Worker } from 'node:worker_threads';
    import { createDiscovery } from '@heureka/client-sdk';
    import { anInstance } from '@heureka/client-sdk/testing';
    const of = (app) => createDiscovery({ source: { open: async (handler) => handler.snapshot([anInstance({ app })]) }, start: 'wait' });
    const one = await of('one');
    const two = await of('two');
    const worker = new Worker(${JSON.stringify(worker)}, { eval: true, execArgv: [] });
    const [heard] = await once(worker, 'message');
    console.log(JSON.stringify([one.services(), two.services(), heard]));
    await one.close();
    await two.close();`;
  expect(await program(code)).toEqual([['one'], ['two'], ['in-worker']]);
});
