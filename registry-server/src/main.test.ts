/** The program as people and supervisors meet it: what it says when it cannot start, and how it ends. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { exchange } from '../../test/helpers/raw-http.ts';
import { startRedis } from '../../test/helpers/redis-server.ts';
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

test.concurrent('TLS files that cannot be read are all named, with exit code 2 and no stack', async () => {
  const [code, output] = await refusal(['--tls-cert', '/nowhere/cert.pem', '--tls-key', '/nowhere/key.pem']);
  expect(code).toBe(2);
  expect(output.trim().split('\n')).toEqual([
    expect.stringMatching(/^--tls-cert names \/nowhere\/cert\.pem, which cannot be read: /),
    expect.stringMatching(/^--tls-key names \/nowhere\/key\.pem, which cannot be read: /),
  ]);
});

test.concurrent('what answers in the place of Redis and is none ends with one sentence', async ({ onTestFinished }) => {
  const other = createServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const [code, output] = await refusal(['--port', '0', '--redis', `redis://127.0.0.1:${port}`]);
  expect(code).toBe(2);
  expect(output.trim().split('\n')).toEqual([expect.stringContaining('check --redis (REDIS_URL).')]);
});

test.concurrent('--help and --version print and end well', async () => {
  const [code, output] = await refusal(['--help', '--port', 'abc']);
  expect(code).toBe(0);
  expect(output).toContain('--redis');
  expect(await refusal(['--version'])).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
});

test('the first line says where it listens and that nothing is kept; SIGTERM ends streams with bye and exits 0 at once', async () => {
  const server = await startServer(['--data', 'none']);
  // Written aside, so perhaps a moment after it was ready.
  const written = await until('a line is there', () => server.output().trim(), 1_000);
  const lines = written.split('\n').map((line) => JSON.parse(line) as { msg: string });
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

test('the first scrape knows how late the event loop is', async ({ onTestFinished }) => {
  const server = await startServer(['--data', 'none']);
  onTestFinished(async () => void (await server.stop('SIGKILL')));
  const text = await (await fetch(`${server.origin}/metrics`)).text();
  for (const name of ['min', 'mean', 'p99']) {
    const seconds = Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds (\\S+)$`, 'm').exec(text)?.[1]);
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThan(10);
  }
});

test('on Redis, with a stream, an idle connection and a half-sent request, SIGTERM ends within 5 s, and the last heartbeat is kept', async ({
  onTestFinished,
}) => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const server = await startServer(['--redis', redis.url]);
  onTestFinished(async () => void (await server.stop('SIGKILL')));
  const dataCenterInfo = { name: 'MyOwn' };
  const instance = { instanceId: 'i1', hostName: 'h1', app: 'BILLING', ipAddr: '10.0.0.1', dataCenterInfo };
  const headers = { 'content-type': 'application/json' };
  const registered = await fetch(`${server.url}/apps/BILLING`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ instance }),
  });
  expect(registered.status).toBe(204);
  const deadline = async (): Promise<number> =>
    Number(await redis.client().zscore('{heureka:default}:leases', 'BILLING/i1'));
  const before = await deadline();
  expect(before).toBeGreaterThan(0);
  const open = [
    'GET /eureka/stream HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET /eureka/apps HTTP/1.1\r\nHost: x\r\n\r\n',
    'POST /eureka/apps/BILLING HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
  ].map((request) => exchange(server.port, Buffer.from(request)).catch(() => undefined));

  expect((await fetch(`${server.url}/apps/BILLING/i1`, { method: 'PUT' })).status).toBe(200);
  const begun = performance.now();
  expect(await server.stop('SIGTERM')).toBe(0);
  expect(performance.now() - begun).toBeLessThan(5_000);
  await Promise.all(open);
  expect(await deadline()).toBeGreaterThan(before);
});

test('the log has one JSON line for each change of state, and none for a heartbeat or a mistake of a client', async ({
  onTestFinished,
}) => {
  const server = await startServer(['--data', 'none']);
  onTestFinished(async () => void (await server.stop('SIGKILL')));
  const before = server.output().length;
  const instance = {
    instanceId: 'i\n1',
    hostName: 'h1',
    app: 'BILLING',
    ipAddr: '10.0.0.1',
    dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
  };
  const headers = { 'content-type': 'application/json' };
  const ask = async (method: string, path: string, body?: string): Promise<number> =>
    (await fetch(`${server.url}/apps/BILLING${path}`, { method, headers, ...(body && { body }) })).status;

  expect(await ask('POST', '', JSON.stringify({ instance }))).toBe(204);
  for (let beat = 0; beat < 5; beat++) expect(await ask('PUT', '/i%0A1')).toBe(200);
  expect(await ask('PUT', '/nobody')).toBe(404);
  expect(await ask('POST', '', '{')).toBe(400);
  expect(await ask('PUT', '/i%0A1/status?value=DOWN')).toBe(200);
  expect(await ask('DELETE', '/i%0A1')).toBe(200);

  const lines = await until('the last line is there', () => {
    const written = server.output().slice(before).trim().split('\n');
    return written.at(-1)?.includes('removed') ? written : undefined;
  });
  const told = lines.map((line) => JSON.parse(line) as { app: string; id: string; status?: string; msg: string });
  expect(told).toMatchObject([
    { app: 'BILLING', id: 'i\ufffd1', status: 'UP', msg: 'instance registered' },
    { app: 'BILLING', status: 'DOWN', msg: 'instance changed its status' },
    { app: 'BILLING', msg: 'instance removed' },
  ]);
});

test('a storm of log lines, and SIGTERM in the middle of it, lose none', async ({ onTestFinished }) => {
  const server = await startServer(['--data', 'none']);
  onTestFinished(async () => void (await server.stop('SIGKILL')));
  await until('the start is logged', () => server.output().includes('listening on'), 2_000);
  const dataCenterInfo = { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' };
  const headers = { 'content-type': 'application/json' };
  const registered = async (number: number): Promise<boolean> => {
    const instance = { instanceId: `i${number}`, hostName: 'h', app: 'A', ipAddr: '10.0.0.1', dataCenterInfo };
    const answer = await fetch(`${server.url}/apps/A`, { method: 'POST', headers, body: JSON.stringify({ instance }) });
    return answer.status === 204;
  };
  const all = await Promise.all(Array.from({ length: 400 }, (_, number) => registered(number)));
  expect(await server.stop('SIGTERM')).toBe(0);
  expect(all.every(Boolean)).toBe(true);
  const lines = server.output().trim().split('\n');
  const told = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  expect(told.filter((message) => message === 'instance registered')).toHaveLength(400);
  expect(told.at(-1)).toBe('closed');
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
