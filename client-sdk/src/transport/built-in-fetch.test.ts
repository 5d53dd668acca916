import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const UNDICI = join(import.meta.dirname, 'undici.ts');

/** What a fresh process prints that runs this. */
async function printed(code: string): Promise<string> {
  const args = ['--conditions=heureka-source', '--import', 'tsx', '--input-type=module', '--eval', code];
  return (await promisify(execFile)(process.execPath, args)).stdout.trim();
}

test('loading our undici leaves the process’s dispatcher to the built-in fetch', async () => {
  const ours = `const { Agent } = await import(${JSON.stringify(UNDICI)});`;
  const global = `globalThis[Symbol.for('undici.globalDispatcher.1')]`;
  expect(await printed(`${ours} console.log(typeof ${global}, ${global} instanceof Agent)`)).toBe('object false');
});

test('a dispatcher that the program had set before stays in force', async () => {
  const set = `import('undici').then(({ Agent, setGlobalDispatcher }) => setGlobalDispatcher(globalThis.own = new Agent()))`;
  const global = `globalThis[Symbol.for('undici.globalDispatcher.1')]`;
  expect(await printed(`await ${set}; await import(${JSON.stringify(UNDICI)}); console.log(${global} === own)`)).toBe(
    'true',
  );
});
