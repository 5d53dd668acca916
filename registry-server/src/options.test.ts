import { expect, test } from 'vitest';
import { OPTION_TABLE } from './option-table.ts';
import { helpText, type OptionsError, readCommandLine, serverOptions } from './options.ts';

function problems(args: readonly string[], environment: Record<string, string> = {}): readonly string[] {
  try {
    readCommandLine(args, environment);
  } catch (error) {
    return (error as OptionsError).message.split('\n');
  }
  return [];
}

test('without anything, every option has its default', () => {
  const line = readCommandLine([], {});
  expect(line).toEqual({ is: 'run', options: serverOptions() });
  expect(serverOptions()).toMatchObject({
    port: 8761,
    data: './heureka-data',
    keepAlive: 75,
    drain: 0,
    redis: undefined,
  });
});

test('a flag wins over the environment, which wins over the default; an empty variable is none', () => {
  const line = readCommandLine(['--port', '1'], { PORT: '2', HEUREKA_DATA: 'none', REDIS_URL: '' });
  expect(line).toMatchObject({ options: { port: 1, data: 'none', redis: undefined } });
});

test('a switch stands alone or says false, and eats no other option', () => {
  const options = (args: string[]) => readCommandLine(args, {});
  expect(options(['--disable-delta', '--port', '1'])).toMatchObject({ options: { disableDelta: true, port: 1 } });
  expect(options(['--self-preservation=false'])).toMatchObject({ options: { selfPreservation: false } });
});

test('all that is wrong is said at once, each with what it accepts', () => {
  expect(problems(['--port', 'abc', '--prot', '1', 'word', '--hold-share=2', '--log-level', 'loud', '--data'])).toEqual(
    [
      '--prot got no known option; it accepts --port, perhaps; --help lists them all.',
      "'word' got a place of its own; it accepts nothing: options begin with --.",
      '--data got no value; it accepts a non-empty text.',
      "--port got 'abc'; it accepts a whole number from 0 to 65535.",
      "--hold-share got '2'; it accepts a number from 0 to 1 (share, 0 to 1).",
      "--log-level got 'loud'; it accepts one of trace, debug, info, warn, error, silent.",
    ],
  );
});

test('what comes from the environment is named by its variable, and a password is never shown', () => {
  expect(problems([], { PORT: '-1' })).toEqual(["PORT got '-1'; it accepts a whole number from 0 to 65535."]);
  expect(problems([], { REDIS_URL: 'http://:geheim@x' }).join()).not.toContain('geheim');
});

test.each(['redis://', 'redis://h/abc', 'redis://h/1/2', 'h:6379'])('%j is no URL of a Redis', (redis) => {
  expect(problems(['--redis', redis])).toEqual([
    '--redis got a text that is not; it accepts a URL such as redis://localhost:6379/0 or rediss://user:password@host:6380.',
  ]);
});

test('options that need each other say so', () => {
  expect(problems(['--tls-cert', 'a.pem'])).toEqual([
    '--tls-cert got no partner; it accepts a file together with --tls-key.',
  ]);
});

test('a program that gives an option which is none is told', () => {
  expect(() => serverOptions({ prot: 1 } as object)).toThrow('prot got a value');
});

test('help names every flag, and no flag or variable stands twice', () => {
  const rows = Object.values(OPTION_TABLE);
  const text = helpText();
  for (const { flag, env } of rows) {
    expect(text).toContain(`--${flag}`);
    expect(text).toContain(env);
  }
  expect(new Set(rows.map(({ flag }) => flag)).size).toBe(rows.length);
  expect(new Set(rows.map(({ env }) => env)).size).toBe(rows.length);
});

test('every default passes its own check', () => {
  expect(() => serverOptions(serverOptions())).not.toThrow();
});
