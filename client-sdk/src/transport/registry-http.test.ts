/** The whole client of a registry over real sockets, against servers that behave and servers that do not. */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { RegistryOptions } from '../api.ts';
import { RegistryError } from '../errors.ts';
import type { InstanceInfo } from '../protocol/instance-info.ts';
import { HttpRegistryApi } from '../registry-api/http-registry-api.ts';
import type { StreamEvent } from '../registry-api/registry-api.ts';
import { systemClock } from '../runtime/clock.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { UndiciHttpClient } from './registry-http.ts';

type Later = (end: () => Promise<void>) => void;

interface Served {
  readonly url: string;
  readonly server: Server;
  /** `GET /eureka/apps/` of each request. */
  readonly asked: string[];
}

async function serve(later: Later, listener: RequestListener): Promise<Served> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  later(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/eureka`, server, asked };
}

interface Given {
  readonly auth?: RegistryOptions['auth'];
  readonly timeoutMs?: number;
  readonly clock?: FakeClock;
  readonly limits?: { encoded: number; decoded: number };
}

function apiTo(later: Later, urls: readonly string[], given: Given = {}): HttpRegistryApi {
  const { auth, timeoutMs = 2_000, clock = systemClock, limits } = given;
  const api = new HttpRegistryApi({
    urls: new Map([['', urls]]),
    auth,
    timeoutMs,
    zone: undefined,
    http: new UndiciHttpClient(),
    clock,
    // Shuffles nothing: of each pair the last keeps its place.
    random: () => 0.999,
    ...(limits === undefined ? {} : { limits }),
  });
  later(() => api.close());
  return api;
}

const json =
  (body: unknown, headers: Record<string, string> = {}): RequestListener =>
  (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };

const EMPTY = { applications: { versions__delta: '1', apps__hashcode: '', application: [] } };

async function failure(promise: Promise<unknown>): Promise<RegistryError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(RegistryError);
  return error as RegistryError;
}

test('a request says what it accepts, keeps the base’s path and escapes names; credentials of the URL go in a header', async ({
  onTestFinished,
}) => {
  const heard: IncomingMessage['headers'][] = [];
  const { url, asked } = await serve(onTestFinished, (request, response) => {
    heard.push(request.headers);
    json(EMPTY)(request, response);
  });
  const api = apiTo(onTestFinished, [url.replace('//', '//us%40er:p%3Ass@')]);
  await api.all();
  await api.renew('ORDERS', 'h:a b/..', 'UP', 7);
  await api.renew('ORDERS', '..', 'UP', 7);
  await api.override('ORDERS', 'i', undefined);
  await api.since('e.1', ['a', 'b c']);
  expect(asked).toEqual([
    'GET /eureka/apps/',
    'PUT /eureka/apps/ORDERS/h%3Aa%20b%2F..?status=UP&lastDirtyTimestamp=7',
    'PUT /eureka/apps/ORDERS/..?status=UP&lastDirtyTimestamp=7',
    'DELETE /eureka/apps/ORDERS/i/status?value=UP',
    'GET /eureka/apps/delta?since=e.1&apps=a,b%20c',
  ]);
  expect(heard[0]).toMatchObject({
    accept: 'application/json',
    'accept-encoding': 'gzip',
    authorization: `Basic ${Buffer.from('us@er:p:ss').toString('base64')}`,
  });
  expect(api.server).toBe(url);
});

test('a registration is posted as JSON, and read back with what the server says it can do', async ({
  onTestFinished,
}) => {
  let posted = '';
  const { url } = await serve(onTestFinished, (request, response) => {
    if (request.method === 'POST') {
      request.setEncoding('utf8').on('data', (piece: string) => {
        posted += piece;
      });
      request.on('end', () => response.writeHead(204).end());
      return;
    }
    const body = `{"applications":{"versions__delta":"1","apps__hashcode":"UP_1_","application":[{"name":"ORDERS","instance":[${posted.slice(12, -1)},{"app":[]}]}]}}`;
    const headers = { 'x-heureka': '1; since, stream', 'x-heureka-cursor': 'e.9', 'content-encoding': 'gzip' };
    response.writeHead(200, headers).end(gzipSync(body));
  });
  const api = apiTo(onTestFinished, [url]);
  await api.register(INFO);
  expect(JSON.parse(posted)).toMatchObject({ instance: { instanceId: 'i1', status: 'UP' } });
  const list = await api.all();
  expect(list).toMatchObject({
    capabilities: { since: true, stream: true },
    cursor: 'e.9',
    skipped: 1,
    appsHashCode: 'UP_1_',
  });
  expect(list.applications[0]?.instances[0]).toMatchObject({ instanceId: 'i1', metadata: { k: 'v' } });
});

test('404 has a meaning for each verb, whatever page comes with it', async ({ onTestFinished }) => {
  const { url } = await serve(onTestFinished, (_, response) => {
    response.writeHead(404, { 'content-type': 'text/html' }).end(`<html>${'x'.repeat(100_000)}`);
  });
  const api = apiTo(onTestFinished, [url]);
  expect(await api.renew('A', 'i', 'UP', 1)).toBe('unknown');
  expect(await api.override('A', 'i', 'DOWN')).toBe('unknown');
  expect(await api.instance('A', 'i')).toBeUndefined();
  expect(await api.delta()).toBeUndefined();
  expect(await api.since('e.1', [])).toBeUndefined();
  expect((await api.app('A')).applications).toEqual([]);
  await api.cancel('A', 'i');
  expect(await failure(api.all())).toMatchObject({ code: 'ERR_REGISTRY_ANSWER', status: 404, retryable: false });
  expect((await failure(api.register(INFO))).status).toBe(404);
});

test('a stock server that overlooks `since` gives no answer to it', async ({ onTestFinished }) => {
  const { url } = await serve(onTestFinished, json(EMPTY));
  const api = apiTo(onTestFinished, [url]);
  expect(await api.since('e.1', [])).toBeUndefined();
  expect(await api.delta()).toMatchObject({ cursor: undefined, capabilities: { since: false, stream: false } });
});

const UNUSABLE: Record<string, RequestListener> = {
  'an empty 200': json(''),
  'spaces only': json(' \n'),
  'no JSON': json('{"applications":'),
  'a page': json('<html></html>'),
  'another document': json({ instance: {} }),
  null: json('null'),
  'broken gzip': json('not gzip', { 'content-encoding': 'gzip' }),
  'an encoding nobody asked for': json('x', { 'content-encoding': 'br' }),
  'a gzip bomb': (_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(50_000_000)));
  },
  'too much': (_, response) => {
    const pour = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
    };
    response.on('drain', pour);
    pour();
  },
};

for (const [what, listener] of Object.entries(UNUSABLE)) {
  test(`${what} is an error and never a list; where there is another server, that one is asked`, async ({
    onTestFinished,
  }) => {
    const bad = await serve(onTestFinished, listener);
    const good = await serve(onTestFinished, json(EMPTY));
    const limits = { encoded: 2_000_000, decoded: 1_000_000 };
    const alone = apiTo(onTestFinished, [bad.url], { limits });
    const error = await failure(alone.all());
    expect(error.code).toBe('ERR_REGISTRY_ANSWER');
    if (what === 'a gzip bomb') expect(error.message).toContain('more than 1000000 bytes when decompressed');
    const both = apiTo(onTestFinished, [bad.url, good.url], { limits });
    expect((await both.all()).server).toBe(good.url);
    expect(both.server).toBe(good.url);
  });
}

test('redirects are not followed, wherever they lead', async ({ onTestFinished }) => {
  const { url, asked } = await serve(onTestFinished, (request, response) => {
    response.writeHead(302, { location: request.url ?? '/' }).end();
  });
  const api = apiTo(onTestFinished, [url]);
  const error = await failure(api.all());
  expect([error.code, error.status, asked.length]).toEqual(['ERR_REGISTRY_ANSWER', 302, 1]);
  expect(error.message).toContain('redirects are not followed');
});

test('no answer, an answer that stops and an answer that drips all end in time', async ({ onTestFinished }) => {
  const silent = await serve(onTestFinished, () => undefined);
  const stops = await serve(onTestFinished, (_, response) => void response.writeHead(200).write('{'));
  const drips = await serve(onTestFinished, (_, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(timer));
  });
  const given = { timeoutMs: 100 };
  const messages = await Promise.all(
    [silent, stops, drips].map(async ({ url }) => {
      const error = await failure(apiTo(onTestFinished, [url], given).all());
      expect([error.code, error.retryable]).toEqual(['ERR_REGISTRY_UNAVAILABLE', true]);
      return error.message;
    }),
  );
  expect(messages[0]).toContain('no answer within 100 ms');
  expect(messages[1]).toContain('the answer stopped');
  expect(messages[2]).toContain('the answer did not end');
});

test('a server that refuses connections or says 503 is left for the next, which is asked first from then on', async ({
  onTestFinished,
}) => {
  const cutOff = await serve(onTestFinished, (_, response) => {
    response.writeHead(503, { 'x-heureka-reason': 'this node is cut off' }).end();
  });
  const good = await serve(onTestFinished, json(EMPTY));
  const closed = await serve(onTestFinished, json(EMPTY));
  await new Promise((resolve) => closed.server.close(resolve));
  const api = apiTo(onTestFinished, [closed.url, cutOff.url, good.url]);
  expect((await api.all()).server).toBe(good.url);
  await api.all();
  expect([cutOff.asked.length, good.asked.length]).toEqual([1, 2]);
  api.moveOn();
  expect((await api.all()).server).toBe(good.url);
  expect(cutOff.asked.length).toBe(2);

  const none = apiTo(onTestFinished, [closed.url, cutOff.url]);
  const error = await failure(none.all());
  expect(error.code).toBe('ERR_REGISTRY_UNAVAILABLE');
  expect(error.message).toContain('ECONNREFUSED');
  expect(error.message).toContain('answered 503 (this node is cut off)');
});

test('a kept connection that the server has just closed costs no failure', async ({ onTestFinished }) => {
  let requests = 0;
  const { url, asked } = await serve(onTestFinished, (request, response) => {
    requests++;
    if (requests === 2) request.socket.destroy();
    else json(EMPTY)(request, response);
  });
  const api = apiTo(onTestFinished, [url]);
  await api.all();
  await api.all();
  expect(asked).toHaveLength(3);
});

test('a server that breaks every connection is asked twice, not for ever', async ({ onTestFinished }) => {
  const { url, asked } = await serve(onTestFinished, (request) => void request.socket.destroy());
  expect((await failure(apiTo(onTestFinished, [url]).all())).code).toBe('ERR_REGISTRY_UNAVAILABLE');
  expect(asked).toHaveLength(2);
});

test('an abort ends a request at once, with its own reason, before the head and in the body', async ({
  onTestFinished,
}) => {
  const silent = await serve(onTestFinished, () => undefined);
  const stops = await serve(onTestFinished, (_, response) => void response.writeHead(200).write('{'));
  for (const { url } of [silent, stops]) {
    const api = apiTo(onTestFinished, [url, silent.url]);
    const stop = new AbortController();
    const reason = new Error('enough');
    const asked = api.all(stop.signal);
    setTimeout(() => stop.abort(reason), 50);
    const startedAt = performance.now();
    await expect(asked).rejects.toBe(reason);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    await expect(api.all(stop.signal)).rejects.toBe(reason);
  }
});

test('an abort ends a request too that still waits for its connection', async ({ onTestFinished }) => {
  const sockets = new Set<Socket>();
  const mute = createTcpServer((socket) => void sockets.add(socket));
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    mute.close();
  });
  // It never answers the TLS handshake.
  const api = apiTo(onTestFinished, [`https://127.0.0.1:${(mute.address() as AddressInfo).port}`], {
    timeoutMs: 4_000,
  });
  const stop = new AbortController();
  const asked = api.all(stop.signal);
  const startedAt = performance.now();
  setTimeout(() => stop.abort(new Error('enough')), 50);
  await expect(asked).rejects.toThrow('enough');
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

test('many requests at once are no leak to Node, and one signal serves them all', async ({ onTestFinished }) => {
  const warnings: Error[] = [];
  const warned = (warning: Error): void => void warnings.push(warning);
  process.on('warning', warned);
  onTestFinished(() => void process.off('warning', warned));
  const { url, asked } = await serve(onTestFinished, json(EMPTY));
  const api = apiTo(onTestFinished, [url]);
  await Promise.all(Array.from({ length: 50 }, () => api.all()));
  const { signal } = new AbortController();
  for (let time = 0; time < 20; time++) await api.all(signal);
  expect([asked.length, warnings]).toEqual([70, []]);
});

test('close aborts what is on its way', async ({ onTestFinished }) => {
  const silent = await serve(onTestFinished, () => undefined);
  const api = apiTo(onTestFinished, [silent.url]);
  const asked = failure(api.all());
  setTimeout(() => void api.close(), 30);
  expect((await asked).message).toContain('closed');
  expect((await failure(api.all())).message).toContain('closed');
});

test('a bearer token is asked for anew each time; no secret is in any message', async ({ onTestFinished }) => {
  const heard: (string | undefined)[] = [];
  const { url } = await serve(onTestFinished, (request, response) => {
    heard.push(request.headers.authorization);
    response.writeHead(401).end();
  });
  let token = 0;
  const api = apiTo(onTestFinished, [url], { auth: { bearer: () => Promise.resolve(`secret-${++token}`) } });
  const denied = [await failure(api.all()), await failure(api.all())];
  expect(heard).toEqual(['Bearer secret-1', 'Bearer secret-2']);
  const broken = apiTo(onTestFinished, [url], { auth: { bearer: 'secret\r\nx: y' } });
  const throwing = apiTo(onTestFinished, [url], { auth: { bearer: () => Promise.reject(new Error('vault')) } });
  const named = apiTo(onTestFinished, [url.replace('//', '//secret:secret@')]);
  const basic = apiTo(onTestFinished, [url], { auth: { username: 'secret', password: 'secret' } });
  for (const other of [broken, throwing, named, basic]) denied.push(await failure(other.all()));
  for (const { code, message, url: shown } of denied) {
    expect(code).toBe('ERR_REGISTRY_DENIED');
    expect(`${message} ${shown}`).not.toContain('secret');
  }
});

test('a refused registration says why, in the server’s own words, on one line', async ({ onTestFinished }) => {
  const { url } = await serve(onTestFinished, (_, response) => {
    response.writeHead(400).end('Missing\u0007\r\nhostname');
  });
  const error = await failure(apiTo(onTestFinished, [url]).register(INFO));
  expect(error.message).toMatch(/answered 400 \(Missing hostname\)$/);
});

interface Stream {
  readonly response: ServerResponse;
  readonly request: IncomingMessage;
}

/** A server whose streams a test writes by hand. */
async function streamer(later: Later): Promise<Served & { next(): Promise<Stream> }> {
  const streams: Stream[] = [];
  let waiting: ((stream: Stream) => void) | undefined;
  const served = await serve(later, (request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-heureka': '1; since, stream' });
    response.flushHeaders();
    const stream = { request, response };
    if (waiting === undefined) streams.push(stream);
    else waiting(stream);
    waiting = undefined;
  });
  const next = (): Promise<Stream> => {
    const stream = streams.shift();
    if (stream !== undefined) return Promise.resolve(stream);
    return new Promise((resolve) => {
      waiting = resolve;
    });
  };
  return { ...served, next };
}

async function until(holds: () => boolean): Promise<void> {
  for (let time = 0; !holds() && time < 500; time++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(holds()).toBe(true);
}

test('a stream tells hello, changes, gaps, resets and signs of life in order, until the server says goodbye', async ({
  onTestFinished,
}) => {
  const server = await streamer(onTestFinished);
  const api = apiTo(onTestFinished, [server.url]);
  const heard: StreamEvent[] = [];
  const ended = api.stream(['a', 'b'], 'e.3', (event) => heard.push(event), new AbortController().signal);
  const { request, response } = await server.next();
  expect(request.url).toBe('/eureka/stream?apps=a,b');
  expect(request.headers).toMatchObject({ accept: 'text/event-stream', 'last-event-id': 'e.3' });
  const delta = JSON.stringify({ applications: { application: [{ name: 'A', instance: [] }] } });
  const text = `retry: 1000\n\nid: e.3\nevent: hello\ndata: {}\n\n: alive\nid: e.4\n\nid: e.5\nevent: delta\ndata: ${delta}\n\nid: e.6\nevent: gap\ndata: {}\n\nid: f.1\nevent: reset\ndata: {}\n\nid: f.2\nevent: later\ndata: ü\n\n`;
  for (const byte of Buffer.from(text)) response.write(Buffer.from([byte]));
  response.write('event: bye\ndata: {}\n\nid: f.3\nevent: gap\ndata: {}\n\n');
  expect(await ended).toBe('bye');
  expect(
    heard.map((event) => (event.is === 'delta' ? ['delta', event.listed.cursor] : [event.is, event.cursor])),
  ).toEqual([
    ['alive', undefined],
    ['hello', 'e.3'],
    ['alive', 'e.4'],
    ['delta', 'e.5'],
    ['gap', 'e.6'],
    ['reset', 'f.1'],
    ['alive', 'f.2'],
  ]);
  expect(heard[1]).toMatchObject({ server: server.url });
});

test('a stream that breaks is lost, one that says nothing for 45 s is silent, one that is aborted is aborted', async ({
  onTestFinished,
}) => {
  const server = await streamer(onTestFinished);
  const clock = new FakeClock();
  const api = apiTo(onTestFinished, [server.url], { clock });
  const open = (signal = new AbortController().signal) => api.stream([], undefined, () => undefined, signal);

  const lost = open();
  (await server.next()).response.destroy();
  expect(await lost).toBe('lost');

  const ended = open();
  (await server.next()).response.end();
  expect(await ended).toBe('lost');

  const heard: StreamEvent[] = [];
  const silent = api.stream([], undefined, (event) => heard.push(event), new AbortController().signal);
  const { response } = await server.next();
  await new Promise((resolve) => setTimeout(resolve, 20));
  await clock.advance(40_000);
  response.write(': alive\n\n');
  await until(() => heard.length === 1);
  await clock.advance(44_000);
  expect(response.destroyed).toBe(false);
  await clock.advance(1_100);
  expect(await silent).toBe('silent');
  await until(() => response.destroyed);

  const stop = new AbortController();
  const aborted = open(stop.signal);
  await server.next();
  setTimeout(() => stop.abort(), 20);
  expect(await aborted).toBe('aborted');
  expect(clock.timers).toBe(0);
});

test('a stream that had to be opened in another zone is left when the session ends, and the own zone asked again', async ({
  onTestFinished,
}) => {
  const far = await streamer(onTestFinished);
  const near = await serve(onTestFinished, (_, response) => void response.writeHead(503).end());
  const clock = new FakeClock();
  const api = new HttpRegistryApi({
    urls: new Map([
      ['near', [near.url]],
      ['far', [far.url]],
    ]),
    auth: undefined,
    timeoutMs: 2_000,
    zone: 'near',
    http: new UndiciHttpClient(),
    clock,
    random: () => 0.5,
  });
  onTestFinished(() => api.close());
  const { signal } = new AbortController();
  let alive = 0;
  const left = api.stream([], undefined, () => void alive++, signal);
  const { response } = await far.next();
  for (let half = 0; half < 41; half++) {
    response.write(': alive\n\n');
    if (half < 40) await until(() => alive > half);
    await clock.advance(30_000);
  }
  expect(await left).toBe('bye');
  expect(near.asked).toHaveLength(1);
  void api.all().catch(() => undefined);
  await until(() => near.asked.length === 2);
});

test('a stream of nonsense is lost; what is no stream is no stream; and what a listener throws is not swallowed', async ({
  onTestFinished,
}) => {
  const server = await streamer(onTestFinished);
  const api = apiTo(onTestFinished, [server.url]);
  const signal = new AbortController().signal;
  for (const text of ['id: e.1\nevent: delta\ndata: [1\n\n', 'event: delta\ndata: {}\n\n']) {
    const ended = api.stream([], undefined, () => undefined, signal);
    (await server.next()).response.write(text);
    expect(await ended).toBe('lost');
  }
  const bug = new Error('bug');
  const thrown = api.stream([], undefined, () => raise(bug), signal).catch((error) => error);
  (await server.next()).response.write('id: e.1\nevent: hello\ndata: {}\n\n');
  expect(await thrown).toBe(bug);

  const stock = await serve(onTestFinished, json(EMPTY));
  const none = apiTo(onTestFinished, [stock.url]).stream([], undefined, () => undefined, signal);
  expect((await failure(none)).message).toContain('answered with "application/json"');
});

function raise(error: Error): never {
  throw error;
}

const INFO: InstanceInfo = {
  instanceId: 'i1',
  app: 'ORDERS',
  ipAddr: '10.0.0.1',
  hostName: 'h1',
  port: { port: 80, enabled: true },
  securePort: { port: 443, enabled: false },
  countryId: 1,
  dataCenterInfo: { name: 'MyOwn' },
  status: 'UP',
  overriddenStatus: 'UNKNOWN',
  leaseInfo: {
    renewalIntervalInSecs: 10,
    durationInSecs: 30,
    registrationTimestamp: 0,
    lastRenewalTimestamp: 0,
    evictionTimestamp: 0,
    serviceUpTimestamp: 0,
  },
  isCoordinatingDiscoveryServer: false,
  metadata: { k: 'v' },
  lastUpdatedTimestamp: 0,
  lastDirtyTimestamp: 5,
};
