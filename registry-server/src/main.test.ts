/** The program as people and supervisors meet it: what it says when it cannot start, and how it ends. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { exchange } from '../../test/helpers/raw-http.ts';
import { freePort, runServer, startServer } from '../../test/helpers/server-process.ts';
import { until } from '../../test/helpers/until.ts';

/** Exit code and output of a program that must not start. */
async function refusal(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<[number | null, string]> {
  const server = runServer(args, env);
  const [code] = (await once(server.process, 'close')) as [number | null];
  return [code, server.output()];
}

test.concurrent.each([
  [['--port', 'abc'], {}, "--port got 'abc'; it accepts a whole number from 0 to 65535.\n"],
  [['--prot', '1'], {}, '--prot got no known option; it accepts --port, perhaps; --help lists them all.\n'],
  [
    [],
    { HEUREKA_LOG_LEVEL: 'loud' },
    "HEUREKA_LOG_LEVEL got 'loud'; it accepts one of trace, debug, info, warn, error, silent.\n",
  ],
])('%j %j ends with exit code 2 and the sentence alone', async (args, env, sentence) => {
  expect(await refusal(args, env)).toEqual([2, sentence]);
});

test.concurrent('a Redis that is not there ends with one sentence that names it, without password and stack', async () => {
  const port = await freePort();
  const [code, output] = await refusal(['--port', '0'], { REDIS_URL: `redis://:geheim@127.0.0.1:${port}` });
  expect(code).toBe(2);
  expect(output).toContain(`127.0.0.1:${port}`);
  expect(output).not.toContain('geheim');
  expect(output).not.toMatch(/\n\s+at /);
  expect(output.trim().split('\n')).toHaveLength(1);
});

test.concurrent('a port in use ends with one sentence', async ({ onTestFinished }) => {
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const [code, output] = await refusal(['--port', String(port), '--host', '127.0.0.1', '--data', 'none']);
  expect([code, output]).toEqual([2, `127.0.0.1:${port} is in use by another program; choose another with --port.\n`]);
});

test.concurrent('--help and --version print and end well', async () => {
  const [code, output] = await refusal(['--help', '--port', 'abc']);
  expect(code).toBe(0);
  expect(output).toContain('--redis');
  expect(await refusal(['--version'])).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
});

test('the first line says where it listens and that nothing is kept; SIGTERM ends streams with bye and exits 0 at once', async () => {
  const server = await startServer(['--data', 'none']);
  const lines = server
    .output()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg: string });
  expect(lines.at(-1)?.msg ?? '').toContain('lost');
  const request = `GET /eureka/stream HTTP/1.1\r\nHost: x\r\n\r\n`;
  const stream = exchange(server.port, Buffer.from(request));
  await until('the stream is open', async () =>
    (await (await fetch(`${server.origin}/metrics`)).text()).includes('heureka_streams 1'),
  );
  const begun = performance.now();
  expect(await server.stop('SIGTERM')).toBe(0);
  expect(performance.now() - begun).toBeLessThan(5_000);
  expect((await stream).toString()).toContain('event: bye');
});

test('with --drain it serves on while it says that it is not ready', async ({ onTestFinished }) => {
  const server = await startServer(['--data', 'none', '--drain', '1.5']);
  onTestFinished(async () => void (await server.stop('SIGKILL')));
  server.process.kill('SIGTERM');
  await until('it is not ready', async () => (await fetch(`${server.origin}/health/ready`)).status === 503, 1_000);
  const answer = await fetch(`${server.url}/apps`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('connection')).toBe('close');
  expect(await server.stop('SIGTERM')).not.toBe(0);
});
