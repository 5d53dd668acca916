import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';

interface Program {
  readonly child: ChildProcess;
  readonly lines: string[];
  said(line: string): Promise<void>;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

function program(later: (end: () => void) => void, ...given: readonly string[]): Program {
  const script = join(import.meta.dirname, 'signals.fixture.ts');
  const child = spawn(process.execPath, ['--conditions=heureka-source', '--import', 'tsx', script, ...given], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  later(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(...text.split('\n').filter(Boolean)));
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  const said = async (line: string): Promise<void> => {
    while (!lines.includes(line)) await once(child.stdout, 'data');
  };
  return { child, lines, said, ended };
}

test('as the only listener it drains, and then the process ends by the signal as if nobody had listened', async ({
  onTestFinished,
}) => {
  const { child, lines, said, ended } = program(onTestFinished, 'drain=200');
  await said('ready');
  child.kill('SIGTERM');
  expect(await ended).toBe('SIGTERM');
  expect(lines).toEqual(['ready', 'draining', 'drained 200']);
});

test('a second signal ends the process at once', async ({ onTestFinished }) => {
  const { child, lines, said, ended } = program(onTestFinished, 'drain=20000');
  await said('ready');
  child.kill('SIGTERM');
  await said('draining');
  child.kill('SIGTERM');
  expect(await ended).toBe('SIGTERM');
  expect(lines).toEqual(['ready', 'draining']);
});

for (const host of ['on', 'once']) {
  test(`a program that listens itself (${host}) ends the process when and how it wants, whoever was first`, async ({
    onTestFinished,
  }) => {
    for (const order of [
      [`host=${host}`, 'drain=100'],
      ['drain=100', `host=${host}`],
    ]) {
      const { child, lines, said, ended } = program(onTestFinished, ...order);
      await said('ready');
      child.kill('SIGTERM');
      expect(await ended).toBe(7);
      expect(lines).toEqual(['ready', 'draining', 'drained 100']);
    }
  });
}

test('of several registrations the last that has drained raises the signal again', async ({ onTestFinished }) => {
  const { child, lines, said, ended } = program(onTestFinished, 'drain=300', 'drain=50');
  await said('ready');
  child.kill('SIGTERM');
  expect(await ended).toBe('SIGTERM');
  expect(lines).toEqual(['ready', 'draining', 'draining', 'drained 50', 'drained 300']);
});
