/** The demo as it is run: its script of events with nobody watching, and as a live picture in a real (pseudo) terminal with keys pressed. */
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { inTerminal, type PseudoTerminal } from '../../examples/support/pseudo-terminal.ts';
import { startRedis } from '../helpers/redis-server.ts';
import { NODE_ARGS } from '../helpers/server-process.ts';
import { until } from '../helpers/until.ts';
import { runExample } from './run-example.ts';

const DEMO = join(resolve(import.meta.dirname, '../..'), 'examples/failover-demo/main.ts');
const EVENTS = [
  'all is well',
  'kill -9 of one instance (a1)',
  'one instance turns slow (a3: 300 ms)',
  'one instance answers 503 (a2)',
  'a whole zone is lost (kill -9 of zone-a)',
  'the registry is killed, and comes back empty',
  'all heal: the dead are started again',
];
const OPEN = '\u001b[?1049h\u001b[?25l';
const CLOSE = '\u001b[?25h\u001b[?1049l';

/** The demo in a terminal of 118 by 34, and then what the terminal's settings are. */
function watch(pace: number): PseudoTerminal {
  const demo = [process.execPath, ...NODE_ARGS, DEMO, '--pace', String(pace)].join(' ');
  const { CI: _, REDIS_URL: __, ...env } = process.env;
  return inTerminal(['sh', '-c', `trap : INT; ${demo}; code=$?; stty -a; exit $code`], { columns: 118, rows: 34, env });
}

/** What the latest picture says, without escape codes. */
function seen({ output }: PseudoTerminal): string {
  const text = output();
  return text.slice(text.lastIndexOf('\u001b[H')).replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, '');
}

/** The rows of the summary: calls, failed, and when it was steady. */
function rows(output: string): (readonly [title: string, calls: number, failed: number])[] {
  return EVENTS.map((title) => {
    const at = output.lastIndexOf(`${title}  `);
    const [, calls, failed] =
      /^ +(\d+) +(\d+) +\d+ ms +(?:[\d.]+ s|not yet)/.exec(output.slice(at + title.length)) ?? [];
    return [title, Number(calls), Number(failed)];
  });
}

test('without a terminal: plain lines, every event of the script, and no call failed', async () => {
  const { code, output } = await runExample('failover-demo/main.ts', { args: ['--pace', '0.4'] });
  for (const [title, calls, failed] of rows(output)) {
    expect([title, calls > 100, failed]).toEqual([title, true, 0]);
  }
  expect(output).not.toContain('\u001b');
  expect(output).toMatch(/a1 healthy -> ejected \(connect\)/);
  expect(output).toMatch(/kill -9 of one instance \(a1\) .* 170-222 s$/m);
  expect(output).toMatch(/\d+ calls in \d+ s, 0 failed/);
  expect(code).toBe(0);
}, 180_000);

test('with REDIS_URL the registry of the demo keeps its state there, and no call fails either', async ({
  onTestFinished,
}) => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const { code, output } = await runExample('failover-demo/main.ts', {
    args: ['--pace', '0.25'],
    env: { REDIS_URL: redis.url },
  });
  expect(rows(output).map(([title, , failed]) => [title, failed])).toEqual(EVENTS.map((title) => [title, 0]));
  expect(code).toBe(0);
  const keys = await redis.client().keys('*');
  expect(keys.some((key) => key.includes('heureka'))).toBe(true);
}, 120_000);

test('in a terminal: a picture with keys, that ends by itself with the summary and leaves the terminal as it was', async ({
  onTestFinished,
}) => {
  const terminal = watch(0.6);
  onTestFinished(async () => {
    terminal.press('\u0003');
    await terminal.ended;
  });
  await until('the calls begin', () => / 1 a1 .* yes +healthy +closed /.test(seen(terminal)), 60_000);
  expect(terminal.output()).toContain(OPEN);

  terminal.press('5');
  await until('b2 is picked', () => / > 5 b2 /.test(seen(terminal)));
  terminal.press('x');
  await until('b2 is broken', () => / > 5 b2 +zone-b +answers 503 /.test(seen(terminal)));
  terminal.press('hk');
  await until('b2 is dead', () => / > 5 b2 +zone-b +killed /.test(seen(terminal)));
  terminal.press('rs');
  await until('the registry is slow', () => / > r registry +slow/.test(seen(terminal)));
  terminal.press('x');
  await until('the registry is stopped', () => / > r registry +stopped/.test(seen(terminal)));
  terminal.press('h');
  await until('the registry goes on', () => / > r registry +up/.test(seen(terminal)));
  expect(seen(terminal)).toMatch(/you +break registry/);

  expect(await terminal.ended, seen(terminal)).toBe(0);
  const output = terminal.output();
  const after = output.slice(output.lastIndexOf(CLOSE) + CLOSE.length);
  expect(rows(after).map(([, , failed]) => failed)).toEqual(EVENTS.map(() => 0));
  expect(after).toMatch(/[^-]icanon.* /);
  expect(after).toMatch(/ echo /);
}, 180_000);

test('in a terminal: Ctrl-C ends it at once with exit code 130 and the terminal as it was', async () => {
  const terminal = watch(1);
  await until('the calls begin', () => / 1 a1 .* yes +healthy +closed /.test(seen(terminal)), 60_000);
  terminal.press('\u0003');
  expect(await terminal.ended).toBe(130);
  const output = terminal.output();
  expect(output.lastIndexOf(CLOSE)).toBeGreaterThan(output.lastIndexOf('\u001b[J'));
  expect(output.slice(output.lastIndexOf(CLOSE))).toMatch(/ echo /);
}, 120_000);
