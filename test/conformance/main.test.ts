/** `npm run conformance` as people meet it: a line for each case, deviations with their reasons, and sentences for mistakes. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort, NODE_ARGS, startServer } from '../helpers/server-process.ts';
import { sentence } from './deviations.ts';

function conformance(...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [...NODE_ARGS, join(import.meta.dirname, 'main.ts'), ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }),
    );
  });
}

test('each case is one line, and each known deviation is said once with its reason', async ({ onTestFinished }) => {
  const server = await startServer(['--data', 'none']);
  onTestFinished(async () => void (await server.stop('SIGKILL')));
  const { code, output } = await conformance('--url', `${server.url}/`, '--only', 'C6,C13,c35,C54');
  expect(output.split('\n')).toEqual([
    'ok        C6   register',
    'deviates  C13  an unknown application (empty-errors)',
    'deviates  C35  a heartbeat of nobody (empty-errors)',
    'not run   C54  the delta forgets (needs short-delta)',
    '',
    'Known deviations:',
    `  ${sentence('empty-errors')}`,
    '',
    '1 passed, 2 as ours should but unlike stock, 0 as stock but unlike ours, 0 failed, 1 not run',
    '',
  ]);
  expect(code).toBe(0);
});

test('a server that answers as stock does is told so, and one that answers like nobody fails', async ({
  onTestFinished,
}) => {
  const server = createServer(({ url }, response) => {
    const list = url === '/eureka/apps';
    response.writeHead(list ? 200 : 404, { 'content-type': 'application/json' });
    response.end(
      list ? '{"applications":{"versions__delta":"1","apps__hashcode":"","application":[]}}' : '{"status":404}',
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close().closeAllConnections());
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/eureka`;

  const { code, output } = await conformance('--url', url, '--only', 'C13,C29');
  expect(output).toContain('as stock  C13  an unknown application (empty-errors)\n');
  expect(output).toMatch(/^FAILED {4}C29 {2}a heartbeat \(step 1, POST B\/apps\/BILLING: status 404 instead of 204; /m);
  expect(code).toBe(1);
  expect((await conformance('--url', url, '--only', 'C13', '--like', 'ours')).code).toBe(1);
  expect((await conformance('--url', url, '--only', 'C13', '--like', 'stock')).code).toBe(0);
});

test('what is wrong with the command line is said at once, and so is a server that cannot be used', async () => {
  const wrong = await conformance('--url', 'ftp://x', '--like', 'x', '--only', 'C99', '--has', 'luck');
  expect(wrong.code).toBe(2);
  expect(wrong.output.trim().split('\n')).toEqual([
    "--url must be a URL such as http://localhost:8761/eureka, got 'ftp://x'.",
    "--like must be ours, stock or either, got 'x'.",
    "--only: there is no case 'C99'; they are C1 to C74.",
    "--has: there is no setting 'luck'; there are short-delta, delta-off, fast-eviction.",
  ]);
  const url = `http://127.0.0.1:${await freePort()}/eureka`;
  const away = await conformance('--url', url);
  expect(away.code).toBe(2);
  expect(away.output).toMatch(
    /^http:\/\/127\.0\.0\.1:\d+ does not answer: connect ECONNREFUSED [^\n]*\n--url must name [^\n]*\n$/,
  );
  expect(await conformance('--help')).toMatchObject({ code: 0, output: expect.stringContaining('--url <base>') });
});
