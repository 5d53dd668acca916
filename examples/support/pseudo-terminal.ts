/**
 * Runs a program in a terminal that nobody sees, by `script` of util-linux or of macOS: it believes in its terminal, keys can be pressed, and
 * what it draws can be read. Where there is no `script`, starting fails with a sentence.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

export interface PseudoTerminal {
  readonly process: ChildProcess;
  /** All that was drawn so far, escape codes too. */
  readonly output: () => string;
  press(keys: string): void;
  /** Resolves with the program's exit code when it has ended. */
  readonly ended: Promise<number | null>;
}

export interface PseudoTerminalOptions {
  readonly columns: number;
  readonly rows: number;
  readonly env?: NodeJS.ProcessEnv;
  /** Hears each piece that was drawn. */
  readonly drawn?: (text: string) => void;
}

/** @param command - the program and its arguments */
export function inTerminal(
  command: readonly string[],
  { columns, rows, env = process.env, drawn }: PseudoTerminalOptions,
): PseudoTerminal {
  if (spawnSync('script', ['--version'], { stdio: 'ignore' }).error !== undefined) {
    throw new Error(
      'A pseudo terminal needs the program `script` (Debian: bsdutils, Alpine and Fedora: util-linux) on PATH.',
    );
  }
  const inner = `stty cols ${columns} rows ${rows}; exec ${command.map(quoted).join(' ')}`;
  const args =
    process.platform === 'darwin'
      ? ['-q', '/dev/null', 'sh', '-c', inner]
      : ['-q', '-e', '-f', '-c', inner, '/dev/null'];
  const child = spawn('script', args, { env: { ...env, TERM: 'xterm-256color' }, stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    drawn?.(text);
  });
  // The program may be gone before a key arrives.
  child.stdin.on('error', () => undefined);
  return {
    process: child,
    output: () => output,
    press: (keys) => void child.stdin.write(keys),
    ended: (once(child, 'close') as Promise<[number | null]>).then(([code]) => code),
  };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
