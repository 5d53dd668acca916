/**
 * The engine as users meet it: built-in fetch, undici's fetch and `request()`, each against real servers that refuse, reset, hang, answer badly
 * and stream. Every case runs for every caller; the outcomes must be the same.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { DiscoveryOptions, Instance } from '../api.ts';
import { Outcome } from '../balancer/balancer.ts';
import { OrderedBalancer } from '../call/ordered-balancer.fixture.ts';
import { ServiceCaller } from '../call/service-caller.ts';
import { ServiceNames } from '../call/service-names.ts';
import { CallError, DiscoveryError } from '../errors.ts';
import { systemClock } from '../runtime/clock.ts';
import { serviceOptions } from '../service-options.ts';
import { anInstance } from '../testing/an-instance.ts';
import { DiscoveryDispatcher, ServiceDispatcher } from './discovery-dispatcher.ts';
import { globalDispatcher, installDispatcher } from './global-dispatcher.ts';
import { InstancePools } from './instance-pools.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function serving(listener: RequestListener): Promise<{ server: Server; instance: Instance }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, instance: anInstance({ app: 'orders', port: (server.address() as AddressInfo).port }) };
}

/** Accepts connections and does with them what is said. */
async function tcp(handle: (socket: Socket) => void): Promise<Instance> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    handle(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return anInstance({ app: 'orders', port: (server.address() as AddressInfo).port });
}

/** Nobody listens here. */
async function refusing(): Promise<Instance> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return anInstance({ app: 'orders', port });
}

const resetting = (): Promise<Instance> => tcp((socket) => socket.once('data', () => socket.resetAndDestroy()));
const silent = (): Promise<Instance> => tcp(() => undefined);

const echo: RequestListener = async (request, response) => {
  const body = await text(request);
  response.setHeader('x-length', request.headers['content-length'] ?? 'chunked');
  response.setHeader('x-type', request.headers['content-type'] ?? 'none');
  response.end(`${request.method} ${request.url} ${body}`);
};
const status =
  (code: number, headers: Record<string, string> = {}): RequestListener =>
  async (request, response) => {
    await text(request);
    response.writeHead(code, headers).end(`status ${code}`);
  };

async function text(stream: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of stream) body += chunk;
  return body;
}

interface Scene {
  readonly balancer: OrderedBalancer;
  readonly service: ServiceCaller;
  readonly dispatcher: DiscoveryDispatcher;
}

function scene(instances: readonly Instance[], options: DiscoveryOptions['defaults'] = {}): Scene {
  const problems: never[] = [];
  const resolved = serviceOptions({ defaults: options }, problems)('orders');
  expect(problems).toEqual([]);
  const balancer = new OrderedBalancer(instances);
  const snapshot = { service: 'orders', instances, all: instances, unconfirmed: new Set<string>(), known: true };
  const service = new ServiceCaller(
    {
      service: 'orders',
      options: resolved,
      balancer,
      connections: new InstancePools({
        options: resolved,
        protocol: 'registered',
        dispatcherFor: undefined,
        clock: systemClock,
      }),
      cache: { ready: true, refused: () => undefined },
      readyMs: 1_000,
      ownZone: () => undefined,
      listener: {
        audience: { heard: false },
        tell: () => undefined,
        retried: () => undefined,
        pickFailed: () => undefined,
      },
      clock: systemClock,
      random: () => 0.1,
    },
    { ...snapshot, stale: false, ageMs: 0, added: [], removed: [], changed: [] },
  );
  const names = new ServiceNames({
    named: new Set(['orders']),
    hosts: undefined,
    listed: () => true,
    everListed: () => false,
  });
  const dispatcher = new DiscoveryDispatcher(
    {
      meaning: (origin) => names.meaning(origin),
      caller: () => service,
      isService: () => true,
      listed: () => Promise.resolve(true),
      notReady: () => new Error('not ready'),
    },
    globalDispatcher(),
    () => service.close(0),
  );
  ends.push(() => service.close(0));
  return { balancer, service, dispatcher };
}

interface Ask {
  method?: string;
  headers?: Record<string, string>;
  body?: unknown;
  signal?: AbortSignal;
  path?: string;
}
interface Told {
  status: number;
  headers: Record<string, string>;
  body: string;
}
type Caller = (scene: Scene, ask?: Ask) => Promise<Told>;

const viaFetch =
  (fetcher: (url: string, init: object) => Promise<Response>): Caller =>
  async ({ dispatcher }, { path = '/', ...init } = {}) => {
    const answer = await fetcher(`http://orders${path}`, {
      ...init,
      ...(isStream(init.body) ? { duplex: 'half' } : {}),
      dispatcher,
    });
    return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() };
  };

const isStream = (body: unknown): boolean =>
  body instanceof ReadableStream || (body !== null && typeof body === 'object' && Symbol.asyncIterator in body);

const CALLERS: readonly (readonly [string, Caller])[] = [
  ['the built-in fetch', viaFetch((url, init) => fetch(url, init))],
  [
    'undici’s fetch',
    viaFetch(async (url, init) => {
      const { fetch: own } = await import('undici');
      return (await own(url, init)) as unknown as Response;
    }),
  ],
  [
    'request()',
    async ({ service }, { path = '/', method = 'GET', ...init } = {}) => {
      const answer = await new ServiceDispatcher(service).request({
        origin: 'http://orders',
        path,
        method: method as 'GET',
        ...(init as object),
      });
      return {
        status: answer.statusCode,
        headers: answer.headers as Record<string, string>,
        body: await answer.body.text(),
      };
    },
  ],
];

/** The `CallError` that a call ended with. */
async function errorOf(call: Promise<unknown>): Promise<CallError> {
  const thrown = await call.then(
    () => {
      throw new Error('the call succeeded');
    },
    (error: unknown) => error,
  );
  const found = DiscoveryError.in(thrown);
  expect(found, String(thrown)).toBeInstanceOf(CallError);
  return found as CallError;
}

/** Every attempt has ended: nothing is counted as on its way. */
async function settled({ balancer, service }: Scene): Promise<void> {
  for (let turn = 0; turn < 200 && (balancer.open > 0 || service.counters.inflight > 0); turn++) await pause(5);
  expect({ attempts: balancer.open, calls: service.counters.inflight }).toEqual({ attempts: 0, calls: 0 });
}

const bodies: readonly (readonly [string, () => unknown, string])[] = [
  ['a text', () => 'hello', 'hello'],
  ['bytes', () => Buffer.from('hello'), 'hello'],
  ['a stream', () => new Response('hello').body, 'hello'],
  [
    'a generator',
    () =>
      Readable.from(
        (async function* () {
          yield Buffer.from('hel');
          yield Buffer.from('lo');
        })(),
      ),
    'hello',
  ],
];

describe.each(CALLERS)('%s', (name, call) => {
  test('gets the answer of the first instance', async () => {
    const stage = scene([(await serving(echo)).instance]);
    expect(await call(stage, { path: '/v1/42?x=y' })).toMatchObject({ status: 200, body: 'GET /v1/42?x=y ' });
    await settled(stage);
    expect(stage.balancer.judged).toEqual([{ slot: 0, outcome: Outcome.OK, penaltyMs: 0 }]);
  });

  test.each(bodies)('has a refused POST sent elsewhere, with %s', async (_, body, expected) => {
    const stage = scene([await refusing(), await refusing(), (await serving(echo)).instance]);
    expect((await call(stage, { method: 'POST', body: body() })).body).toBe(`POST / ${expected}`);
    await settled(stage);
    expect(stage.balancer.judged.map(({ outcome }) => outcome)).toEqual([
      Outcome.CONNECT_FAILED,
      Outcome.CONNECT_FAILED,
      Outcome.OK,
    ]);
  });

  test.each(bodies)('has a PUT sent again after a 503, with %s', async (_, body, expected) => {
    const stage = scene([(await serving(status(503))).instance, (await serving(echo)).instance]);
    expect(await call(stage, { method: 'PUT', body: body() })).toMatchObject({
      status: 200,
      body: `PUT / ${expected}`,
    });
    await settled(stage);
  });

  test.each(bodies)('has a PUT sent again after a reset, with %s', async (_, body, expected) => {
    const stage = scene([await resetting(), (await serving(echo)).instance]);
    expect((await call(stage, { method: 'PUT', body: body() })).body).toBe(`PUT / ${expected}`);
    await settled(stage);
  });

  test('keeps length and type of a body that is sent again', async () => {
    const stage = scene([(await serving(status(503))).instance, (await serving(echo)).instance]);
    const answer = await call(stage, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"a":1}',
    });
    expect(answer.headers).toMatchObject({ 'x-length': '7', 'x-type': 'application/json' });
  });

  test('is told of a POST that broke after it was sent', async () => {
    const stage = scene([await resetting(), (await serving(echo)).instance]);
    const error = await errorOf(call(stage, { method: 'POST', body: 'once' }));
    expect(error).toMatchObject({ code: 'ERR_ATTEMPTS_FAILED', service: 'orders' });
    expect(error.attempts).toMatchObject([{ phase: 'sent', outcome: { is: 'error' } }]);
    await settled(stage);
  });

  test('gets a 503 to a POST as a 503', async () => {
    const stage = scene([(await serving(status(503))).instance, (await serving(echo)).instance]);
    expect(await call(stage, { method: 'POST', body: 'once' })).toMatchObject({ status: 503, body: 'status 503' });
    await settled(stage);
    expect(stage.balancer.judged[0]).toMatchObject({ outcome: Outcome.FAILED });
  });

  test('gets the last response, not an exception, when every instance answers 503', async () => {
    const all = await Promise.all([1, 2, 3, 4].map(() => serving(status(503))));
    const stage = scene(all.map(({ instance }) => instance));
    expect(await call(stage)).toMatchObject({ status: 503, body: 'status 503' });
    expect(stage.service.counters.attempts).toBe(3);
    await settled(stage);
  });

  test('gets the 503 that was kept when the next attempts are refused', async () => {
    const stage = scene([(await serving(status(503))).instance, await refusing(), await refusing()]);
    expect(await call(stage)).toMatchObject({ status: 503, body: 'status 503' });
    await settled(stage);
  });

  test('gets a kept 503 whole, also one larger than what is kept', async () => {
    const big = 'x'.repeat(400_000);
    const large: RequestListener = (_, response) => response.writeHead(503).end(big);
    const stage = scene([(await serving(large)).instance, await refusing()]);
    const answer = await call(stage);
    expect(answer.status).toBe(503);
    expect(answer.body.length).toBe(big.length);
    await settled(stage);
  });

  test('gets 4xx as they are, and they speak for the instance', async () => {
    const stage = scene([(await serving(status(404))).instance]);
    expect((await call(stage)).status).toBe(404);
    expect(stage.balancer.judged[0]).toMatchObject({ outcome: Outcome.OK });
    await settled(stage);
  });

  test('goes elsewhere when no headers come in time', async () => {
    const stage = scene([await silent(), (await serving(echo)).instance], { headersMs: 100 });
    expect((await call(stage)).status).toBe(200);
    expect(stage.balancer.judged[0]).toMatchObject({ outcome: Outcome.FAILED });
    await settled(stage);
  });

  test('goes elsewhere when what is answered is no HTTP', async () => {
    const rubbish = await tcp((socket) => socket.once('data', () => socket.end('rubbish\r\n\r\n')));
    const stage = scene([rubbish, (await serving(echo)).instance]);
    expect((await call(stage)).status).toBe(200);
    await settled(stage);
  });

  test('is told within its total time that nobody answered', async () => {
    const stage = scene([await silent()], { totalMs: 150 });
    const began = performance.now();
    const error = await errorOf(call(stage));
    expect(error).toMatchObject({ code: 'ERR_CALL_TIMEOUT', message: expect.stringContaining('totalMs') });
    expect(performance.now() - began).toBeLessThan(1_000);
    await settled(stage);
  });

  test('lists every attempt when all are refused', async () => {
    const stage = scene([await refusing(), await refusing()]);
    const error = await errorOf(call(stage));
    expect(error.code).toBe('ERR_ATTEMPTS_FAILED');
    expect(error.attempts.map(({ phase }) => phase)).toEqual(['never-sent', 'never-sent']);
    expect((error.cause as { code: string }).code).toBe('ECONNREFUSED');
    await settled(stage);
  });

  test('is told that nobody is UP', async () => {
    expect(await errorOf(call(scene([])))).toMatchObject({ code: 'ERR_NO_INSTANCE', attempts: [] });
  });

  test('aborts in flight at once', async () => {
    const stage = scene([await silent()]);
    const aborting = new AbortController();
    const called = call(stage, { signal: aborting.signal });
    await pause(30);
    aborting.abort(new Error('enough'));
    await expect(called).rejects.toThrow('enough');
    await settled(stage);
    expect(stage.balancer.judged.at(-1)).toMatchObject({ outcome: Outcome.IGNORED });
  });

  test('aborts at once while it waits for its turn to be sent again', async () => {
    const stage = scene([
      (await serving(status(429, { 'retry-after': '5' }))).instance,
      (await serving(echo)).instance,
    ]);
    const aborting = new AbortController();
    const called = call(stage, { signal: aborting.signal });
    await pause(100);
    const began = performance.now();
    aborting.abort(new Error('enough'));
    await expect(called).rejects.toThrow('enough');
    expect(performance.now() - began).toBeLessThan(500);
    await settled(stage);
  });

  test('an aborted signal sends nothing', async () => {
    let hits = 0;
    const stage = scene([
      (
        await serving((_, response) => {
          hits++;
          response.end();
        })
      ).instance,
    ]);
    await expect(call(stage, { signal: AbortSignal.abort(new Error('never')) })).rejects.toThrow();
    expect(hits).toBe(0);
    await settled(stage);
  });

  test('sees a body that is cut off as an error, and it counts against the instance', async () => {
    const cut: RequestListener = (_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half');
      setTimeout(() => response.destroy(), 20);
    };
    const stage = scene([(await serving(cut)).instance, (await serving(echo)).instance]);
    await expect(call(stage)).rejects.toThrow();
    await settled(stage);
    expect(stage.balancer.judged.map(({ outcome }) => outcome)).toEqual([Outcome.OK, Outcome.FAILED]);
  });

  test('gets what the service’s fallback answers when nobody is left', async () => {
    const stage = scene([await refusing()], {
      fallback: (error, { method, path }) => ({
        status: 203,
        headers: { 'x-why': error.code, 'set-cookie': ['a=1', 'b=2'] },
        body: `${method} ${path} later`,
      }),
    });
    const answer = await call(stage, { path: '/x' });
    expect(answer).toMatchObject({ status: 203, body: 'GET /x later' });
    expect(answer.headers['x-why']).toBe('ERR_ATTEMPTS_FAILED');
    expect(stage.service.counters).toMatchObject({ fallbacks: 1, failed: 1 });
  });

  test('gets duplicate headers and early hints as the instance sent them', async () => {
    const hints: RequestListener = (_, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
      response.writeHead(200, { 'set-cookie': ['a=1', 'b=2'] }).end('ok');
    };
    const stage = scene([(await serving(hints)).instance]);
    const answer = await call(stage);
    expect(answer.body).toBe('ok');
    expect(String(answer.headers['set-cookie'])).toContain('b=2');
  });

  test('sends its mistake to nobody twice', async () => {
    if (name !== 'request()') return expect(name).toContain('fetch');
    const stage = scene([(await serving(echo)).instance, (await serving(echo)).instance]);
    await expect(call(stage, { headers: { 'bad header': 'x' } })).rejects.toThrow('invalid header key');
    expect(stage.service.counters.attempts).toBe(1);
    expect(stage.balancer.judged).toEqual([{ slot: 0, outcome: Outcome.IGNORED, penaltyMs: 0 }]);
    await settled(stage);
  });

  test('pauses the instance while nobody reads', async () => {
    let written = 0;
    const flood: RequestListener = (_, response) => {
      const chunk = Buffer.alloc(64 * 1024);
      const more = (): void => {
        while (written < 400) {
          written++;
          if (!response.write(chunk)) {
            response.once('drain', more);
            return;
          }
        }
        response.end();
      };
      more();
    };
    const stage = scene([(await serving(flood)).instance]);
    const init = { dispatcher: stage.dispatcher };
    const answer = await fetch('http://orders/', init as object);
    await pause(150);
    expect(written).toBeLessThan(390);
    expect((await answer.arrayBuffer()).byteLength).toBe(400 * 64 * 1024);
    await settled(stage);
  });
});

test('attempts that wait for a connection to a dead instance go elsewhere when it is ejected', async () => {
  // A port that drops what comes in cannot be had on a loopback: a listener whose queue is full comes close enough, and is what a hung host is.
  const stage = scene([await silent(), (await serving(echo)).instance], { connections: 1, connectMs: 5_000 });
  const request = (): Promise<unknown> =>
    new ServiceDispatcher(stage.service).request({ origin: 'http://orders', path: '/', method: 'POST', body: 'x' });
  const first = request().catch(() => 'broken');
  await pause(30);
  const waiting = [request(), request(), request()];
  await pause(30);
  stage.balancer.health.emit({
    slot: 0,
    service: 'orders',
    instance: 'x',
    from: 'healthy',
    to: 'ejected',
    reason: 'connect',
  });
  const answers = (await Promise.all(waiting)) as { statusCode: number }[];
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200]);
  await stage.service.close(0);
  await first;
});

test('an attempt that finds no free connection in time goes elsewhere, and that says nothing of the instance', async () => {
  const stage = scene([await silent(), (await serving(echo)).instance], { connections: 1, connectMs: 60 });
  const request = (): Promise<{ statusCode: number }> =>
    new ServiceDispatcher(stage.service).request({ origin: 'http://orders', path: '/', method: 'POST', body: 'x' });
  const first = request().catch(() => 'broken');
  await pause(30);
  expect((await request()).statusCode).toBe(200);
  expect(stage.service.counters.poolWaits).toBe(1);
  expect(stage.balancer.judged[0]).toMatchObject({ outcome: Outcome.IGNORED });
  await stage.service.close(0);
  await first;
});

test('a retry runs in the context of who called, not of who opened the socket', async () => {
  const storage = new AsyncLocalStorage<string>();
  const stage = scene([
    (await serving(status(503))).instance,
    (await serving(status(503))).instance,
    (await serving(echo)).instance,
  ]);
  const contexts: (string | undefined)[] = [];
  const { dispatch } = stage.service;
  stage.service.dispatch = (...args) => {
    contexts.push(storage.getStore());
    dispatch.apply(stage.service, args);
  };
  await storage.run('other', () =>
    new ServiceDispatcher(stage.service)
      .request({ origin: 'http://orders', path: '/', method: 'GET' })
      .then(({ body }) => body.dump()),
  );
  contexts.length = 0;
  await storage.run('caller', () =>
    new ServiceDispatcher(stage.service)
      .request({ origin: 'http://orders', path: '/', method: 'GET' })
      .then(({ body }) => body.dump()),
  );
  expect(contexts).toEqual(['caller', 'caller', 'caller']);
});

test('an upgrade is passed through, also after a refusal, and frees the instance', async () => {
  const { instance, server } = await serving(echo);
  server.on('upgrade', (_: IncomingMessage, socket: Socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: chat\r\n\r\n');
    socket.on('data', (chunk) => socket.write(chunk));
    ends.push(() => socket.destroy());
  });
  const stage = scene([await refusing(), instance]);
  const { socket } = await new ServiceDispatcher(stage.service).upgrade({ path: '/', protocol: 'chat' });
  socket.write('ping');
  const [said] = (await once(socket, 'data')) as [Buffer];
  expect(said.toString()).toBe('ping');
  await settled(stage);
  socket.destroy();
});

test('installed, every built-in fetch goes through it; two installations come off in any order', async () => {
  const before = globalDispatcher();
  const one = scene([(await serving((_, response) => response.end('one'))).instance]);
  const two = scene([(await serving((_, response) => response.end('two'))).instance]);
  const plain = await serving((_, response) => response.end('plain'));
  const says = async (url: string): Promise<string> => (await fetch(url)).text();

  const first = installDispatcher((...args) => one.dispatcher.dispatchOr(...args));
  expect(await says('http://orders/')).toBe('one');
  const second = installDispatcher((...args) => two.dispatcher.dispatchOr(...args));
  expect(await says('http://orders/')).toBe('two');
  expect(await says(plain.instance.url)).toBe('plain');

  first[Symbol.dispose]();
  expect(await says('http://orders/')).toBe('two');
  second[Symbol.dispose]();
  expect(globalDispatcher()).toBe(before);
  expect(await says(plain.instance.url)).toBe('plain');
});

test('interceptors composed over it see one call', async () => {
  const stage = scene([(await serving(status(503))).instance, (await serving(echo)).instance]);
  let seen = 0;
  const composed = stage.dispatcher.compose((dispatch) => (options, handler) => {
    seen++;
    return dispatch(options, handler);
  });
  const answer = await composed.request({ origin: 'http://orders', path: '/', method: 'GET' });
  expect(answer.statusCode).toBe(200);
  await answer.body.dump();
  expect(seen).toBe(1);
  await settled(stage);
});

test('a thousand calls, some aborted, some failing, leave nothing behind', async () => {
  const flaky: RequestListener = (_: IncomingMessage, response: ServerResponse) =>
    void (Math.random() < 0.3 ? response.writeHead(503).end() : response.end('ok'));
  const stage = scene([(await serving(flaky)).instance, (await serving(flaky)).instance, await refusing()]);
  const dispatcher = new ServiceDispatcher(stage.service);
  await Promise.all(
    Array.from({ length: 1_000 }, async (_, index) => {
      const aborting = new AbortController();
      if (index % 8 === 0) setTimeout(() => aborting.abort(), index % 40);
      const request = { origin: 'http://orders', path: '/', method: 'GET' as const, signal: aborting.signal };
      await dispatcher.request(request).then(
        ({ body }) => body.dump(),
        () => undefined,
      );
    }),
  );
  await settled(stage);
});
