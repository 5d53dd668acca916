/** The SDK on what a genuine Spring Eureka server answered, byte for byte: its lists, its deltas, its error pages, and its worst day. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createDiscovery, type Discovery } from '@heureka/client-sdk';
import { afterEach, expect, test } from 'vitest';
import { until } from '../helpers/until.ts';

const RECORDED = join(import.meta.dirname, '../conformance/recorded/eureka-java');
const full = (name: string): string => readFileSync(join(RECORDED, 'samples/full', name), 'utf8');
/** What stock renders for every error: it is what its own Jersey clients stumble over. */
const ERROR_PAGE = '{"timestamp":"2026-11-23T02:40:18.162+00:00","status":404,"error":"Not Found","path":"/eureka"}';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Stock {
  readonly url: string;
  readonly requests: string[];
  answer: (request: IncomingMessage, response: ServerResponse) => void;
}

async function stock(): Promise<Stock> {
  const server = createServer((request, response) => {
    request.resume();
    self.requests.push(`${request.method} ${request.url?.split('?')[0]}`);
    self.answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const json = { 'content-type': 'application/json' };
  const self: Stock = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/eureka`,
    requests: [],
    answer({ method, url = '' }, response) {
      if (method === 'POST') response.writeHead(204).end();
      else if (method !== 'GET') response.writeHead(200).end();
      else if (url.startsWith('/eureka/apps/delta')) response.writeHead(200, json).end(full('apps-delta.json'));
      else if (/^\/eureka\/apps\/?$/.test(url)) response.writeHead(200, json).end(full('apps.json'));
      else response.writeHead(404, json).end(ERROR_PAGE);
    },
  };
  return self;
}

async function following(server: Stock): Promise<Discovery> {
  const discovery = await createDiscovery({ registry: { urls: [server.url], pollMs: 100 }, start: 'fail-fast' });
  ends.push(() => discovery.close({ drainMs: 0 }));
  return discovery;
}

test('everything that a stock server lists is known, every status and awkward instance included, and its deltas agree with it', async () => {
  const server = await stock();
  const discovery = await following(server);
  const listed = JSON.parse(full('apps.json')) as {
    applications: { application: { name: string; instance: object[] }[] };
  };

  const names = listed.applications.application.map(({ name }) => name.toLowerCase()).sort();
  expect(discovery.services()).toEqual(names);
  await until('three deltas', () => server.requests.filter((request) => request.endsWith('/delta')).length >= 3);
  expect(discovery.services()).toEqual(names);
  for (const { name, instance } of listed.applications.application) {
    const up = (instance as { status: string }[]).filter(({ status }) => status === 'UP');
    expect(discovery.instances(name), name).toHaveLength(up.length);
  }
  // Agreement: no list as a whole was needed after the first.
  expect(server.requests.filter((request) => /apps\/?$/.test(request))).toHaveLength(1);
});

test('a 200 without a byte, which a stock server gives after one poisoned registration, empties nothing', async () => {
  const server = await stock();
  const discovery = await following(server);
  const known = discovery.services();
  const failures: string[] = [];
  discovery.on('source', ({ error }) => error !== undefined && failures.push(error.code));

  server.answer = (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end();
  await until('the failure is seen', () => failures.length > 0);

  expect(failures[0]).toBe('ERR_REGISTRY_ANSWER');
  expect(discovery.services()).toEqual(known);
});

test('a heartbeat that gets the error page of a 404 registers again', async () => {
  const server = await stock();
  const discovery = await following(server);
  const { answer } = server;
  await discovery.register({ app: 'shop', port: 1, address: '127.0.0.1', heartbeatMs: 200, signals: false });
  const registered = (): number => server.requests.filter((request) => request === 'POST /eureka/apps/SHOP').length;
  const before = registered();

  server.answer = (request, response) => {
    if (request.method !== 'PUT') return answer(request, response);
    response.writeHead(404, { 'content-type': 'application/json' }).end(ERROR_PAGE);
    server.answer = answer;
  };

  await until('it has registered again', () => registered() > before);
});
