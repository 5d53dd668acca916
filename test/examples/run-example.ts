/** Runs a program of `examples/` as a user would, from its sources, and hands back what it wrote. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { NODE_ARGS } from '../helpers/server-process.ts';

const ROOT = resolve(import.meta.dirname, '../..');

export interface RunningExample {
  readonly process: ChildProcess;
  /** Standard output and error so far. */
  readonly output: () => string;
  /** Resolves with the exit code (null: ended by a signal) when it has ended and all was read. */
  readonly ended: Promise<number | null>;
}

/** @param program - below `examples/`, such as `plain-fetch/main.ts` */
export function startExample(
  program: string,
  { args = [], env = {} }: { readonly args?: readonly string[]; readonly env?: NodeJS.ProcessEnv } = {},
): RunningExample {
  const { REDIS_URL: _, EUREKA_URL: __, HEUREKA_URL: ___, ...inherited } = process.env;
  const child = spawn(process.execPath, [...NODE_ARGS, join(ROOT, 'examples', program), ...args], {
    cwd: ROOT,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
  }
  const ended = (once(child, 'close') as Promise<[number | null]>).then(([code]) => code);
  return { process: child, output: () => output, ended };
}

/** Runs one to its end. */
export async function runExample(
  program: string,
  options: Parameters<typeof startExample>[1] = {},
): Promise<{ readonly code: number | null; readonly output: string }> {
  const example = startExample(program, options);
  return { code: await example.ended, output: example.output() };
}
