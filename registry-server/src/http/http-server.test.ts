import { request } from 'node:http';
import { connect } from 'node:net';
import { systemClock } from '@heureka/client-sdk/runtime';
import { expect, onTestFinished, test } from 'vitest';
import { exchange, rawHttp } from '../../../test/helpers/raw-http.ts';
import { certificate } from '../certificates.fixture.ts';
import type { NodeState } from '../registry/node-state.ts';
import { type FirstHandler, HttpServer, ListenError, type ListenOptions } from './http-server.ts';
import { webApp } from './web.ts';

let state: NodeState = { is: 'following', since: 0 };
const app = webApp({
  state: () => state,
  readiness: () => ({ ready: state.is === 'following', reason: `it is ${state.is}` }),
  storeHealth: ({ is }) => ({ state: is }),
  metrics: { contentType: 'text/plain', text: async () => 'm 1' },
  withMetrics: true,
  failed: () => {},
});
const LOCAL: ListenOptions = { host: '127.0.0.1', port: 0, keepAliveMs: 5_000, headersMs: 500, requestMs: 1_000 };

async function listening(first: FirstHandler, options: Partial<ListenOptions> = {}) {
  const server = new HttpServer({ ...LOCAL, ...options }, first, app, systemClock);
  onTestFinished(() => server.close(0));
  return { server, port: await server.listen() };
}
const nobody: FirstHandler = () => false;

test('what the protocol leaves is answered by the web: health, metrics, and JSON for the rest', async () => {
  const { port } = await listening(nobody);
  const ask = (path: string) => rawHttp(port, [`GET ${path} HTTP/1.1`]);
  expect((await ask('/health/live')).text).toBe('{"status":"UP"}');
  expect((await ask('/health/ready')).status).toBe(200);
  expect((await ask('/health/store')).text).toBe('{"state":"following"}');
  expect((await ask('/metrics')).text).toBe('m 1');
  state = { is: 'starting', since: 0, reason: 'x' };
  const unready = await ask('/health/ready');
  expect([unready.status, unready.text]).toEqual([503, '{"status":"OUT_OF_SERVICE","reason":"it is starting"}']);
  state = { is: 'following', since: 0 };
  const missing = await ask('/v2/apps');
  expect(missing.status).toBe(404);
  expect(JSON.parse(missing.text)).toHaveProperty('error');
});

test('a program that runs a server keeps its own global Request', async () => {
  const before = globalThis.Request;
  await listening(nobody);
  expect(globalThis.Request).toBe(before);
});

test('a port in use is one sentence', async () => {
  const { port } = await listening(nobody);
  const second = new HttpServer({ ...LOCAL, port }, nobody, app, systemClock);
  const problem = await second.listen().catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(ListenError);
  expect((problem as Error).message).toBe(
    `127.0.0.1:${port} is in use by another program; choose another with --port.`,
  );
});

test('who sends no headers, and who never ends a body, is cut off in time', async () => {
  const { port } = await listening(nobody);
  const begun = performance.now();
  const slow = exchange(port, Buffer.from('GET / HTTP/1.1\r\nX: '));
  const endless = exchange(port, Buffer.from('POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx'));
  expect((await slow).toString()).toMatch(/^HTTP\/1\.1 408 /);
  await endless;
  expect(performance.now() - begun).toBeLessThan(5_000);
});

test('closing answers what is on its way, ends idle connections at once, and cuts the rest after its grace', async () => {
  let finish = (): void => {};
  const { server, port } = await listening((_, response) => {
    finish = () => response.end('late');
    response.writeHead(200);
    response.flushHeaders();
    return true;
  });
  const idle = connect(port, '127.0.0.1');
  const answer = exchange(port, Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const idleEnds = new Promise((resolve) => idle.once('close', resolve).resume());
  const closing = server.close(20_000);
  await idleEnds;
  finish();
  expect((await answer).toString()).toContain('late');
  await closing;

  const stuck = await listening(() => true);
  const hanging = exchange(stuck.port, Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
  hanging.catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 50));
  const begun = performance.now();
  await stuck.server.close(100);
  expect(performance.now() - begun).toBeLessThan(1_000);
});

test('while it drains, every answer ends its connection', async () => {
  const { server, port } = await listening(nobody);
  server.drain();
  const connection = await new Promise((resolve, reject) => {
    request({ port, path: '/health/live', headers: { connection: 'keep-alive' } }, (response) => {
      response.resume();
      resolve(response.headers.connection);
    })
      .on('error', reject)
      .end();
  });
  expect(connection).toBe('close');
});

test('closing does not wait for who began a TLS handshake and never ends it', async () => {
  const { key, cert } = certificate('registry');
  const { server, port } = await listening(nobody, { tls: { key, cert } });
  const half = connect(port, '127.0.0.1');
  onTestFinished(() => void half.destroy());
  half.on('error', () => {});
  // The head of a record that is still to come.
  half.write(Uint8Array.of(0x16, 3, 1, 2, 0));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const begun = performance.now();
  await server.close(50);
  expect(performance.now() - begun).toBeLessThan(2_000);
});
