/** The engine where users and their code behave oddly, and where a call meets the end of discovery. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import type { DiscoveryOptions, Instance } from '../api.ts';
import { createDiscovery } from '../discovery-client.ts';
import { DiscoveryError } from '../errors.ts';
import { systemClock } from '../runtime/clock.ts';
import { SERVICE_DEFAULTS } from '../service-options.ts';
import { anInstance } from '../testing/an-instance.ts';
import { InstancePools } from './instance-pools.ts';
import { Agent, Dispatcher } from './undici.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function serving(listener: RequestListener): Promise<Instance> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return anInstance({ app: 'orders', port: (server.address() as AddressInfo).port });
}

async function refusing(): Promise<Instance> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return anInstance({ app: 'orders', port });
}

/** Discovery over a fixed list. */
async function over(instances: readonly Instance[], options: DiscoveryOptions = {}) {
  const source = { open: async (handler: { snapshot(all: readonly Instance[]): void }) => handler.snapshot(instances) };
  const discovery = await createDiscovery({ source, start: 'wait', ...options });
  ends.push(() => discovery.close({ drainMs: 0 }));
  return discovery;
}

const broken: RequestListener = (request, response) => {
  request.resume();
  request.on('end', () => response.writeHead(503).end());
};

/** The code of what a call ended with, or its status. */
async function outcome(call: Promise<{ statusCode: number; body: { dump(): Promise<unknown> } }>): Promise<unknown> {
  return call.then(
    ({ statusCode, body }) => body.dump().then(() => statusCode),
    (error: Error & { code?: string }) => DiscoveryError.in(error)?.code ?? error.code ?? error.message,
  );
}

const ask = { service: 'orders', path: '/' } as const;

test('a fallback that answers nonsense, or throws, leaves the error that called for it', async () => {
  const dead = await refusing();
  const nonsense = [
    { status: 200, body: { a: 1 } },
    { status: 200, headers: { n: Symbol('x') } },
    { status: 99 },
    'text',
  ];
  for (const answer of nonsense) {
    const discovery = await over([dead], { defaults: { fallback: () => answer as never } });
    expect(await outcome(discovery.request(ask))).toBe('ERR_ATTEMPTS_FAILED');
  }
  const throwing = await over([dead], {
    defaults: {
      fallback: () => {
        throw new Error('no');
      },
    },
  });
  expect(await outcome(throwing.request(ask))).toBe('ERR_ATTEMPTS_FAILED');
});

test('a fallback runs in the context of its call', async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const silent = await serving(() => undefined);
  const fallback = () => {
    seen.push(storage.getStore());
    return { status: 200 };
  };
  const discovery = await over([silent], { defaults: { totalMs: 50, fallback } });
  await Promise.all(['a', 'b'].map((name) => storage.run(name, () => outcome(discovery.request(ask)))));
  expect(seen).toEqual(['a', 'b']);
});

test('a judge of failures that throws has not judged', async () => {
  const discovery = await over([await serving((_, response) => response.end('ok'))], {
    defaults: {
      breaker: {
        isFailure: () => {
          throw new Error('no');
        },
      },
    },
  });
  expect(await outcome(discovery.request(ask))).toBe(200);
});

test('a stream of the caller’s that fails is his error, counts against nobody, and ends no process', async () => {
  const discovery = await over([await serving(broken)]);
  const body = (): never => createReadStream('/nonexistent/file') as never;
  for (const retry of [undefined, false] as const) {
    const sent = discovery.request({ ...ask, method: 'PUT', body: body(), ...(retry === false ? { retry } : {}) });
    expect(await outcome(sent)).toBe('ENOENT');
  }
  expect(discovery.inspect('orders').instances[0]).toMatchObject({ health: 'healthy', inflight: 0 });

  // Also while nobody reads it: there is no list yet.
  const waiting = await createDiscovery({ source: { open: async () => undefined } });
  ends.push(() => waiting.close({ drainMs: 0 }));
  expect(await outcome(waiting.request({ ...ask, method: 'PUT', body: body(), totalMs: 100 }))).toMatch(
    /ENOENT|ERR_NOT_READY/,
  );
});

test('before the first list a call waits no longer than its own time, and can be aborted', async () => {
  const discovery = await createDiscovery({ source: { open: async () => undefined }, services: { orders: {} } });
  ends.push(() => discovery.close({ drainMs: 0 }));
  const began = performance.now();
  expect(await outcome(discovery.request({ ...ask, totalMs: 100 }))).toBe('ERR_NOT_READY');
  expect(await outcome(discovery.request('http://unknown/', { totalMs: 100 }))).toBe('ERR_NOT_READY');
  const aborting = discovery.request({ ...ask, service: 'unknown', signal: AbortSignal.timeout(50) });
  await expect(aborting).rejects.toMatchObject({ name: 'TimeoutError' });
  await expect(discovery.fetch('http://orders/', { signal: AbortSignal.timeout(50) })).rejects.toThrow();
  expect(performance.now() - began).toBeLessThan(3_000);
});

test('a service without an instance is said to have none, however often it is called, and is called as soon as it has one', async () => {
  let handler: { snapshot(all: readonly Instance[]): void } | undefined;
  const source = {
    async open(given: { snapshot(all: readonly Instance[]): void }) {
      handler = given;
      given.snapshot([]);
    },
  };
  const discovery = await createDiscovery({ source, start: 'wait', services: { orders: {} } });
  ends.push(() => discovery.close({ drainMs: 0 }));
  const codes = await Promise.all(Array.from({ length: 200 }, () => outcome(discovery.request(ask))));
  expect(new Set(codes)).toEqual(new Set(['ERR_NO_INSTANCE']));
  handler?.snapshot([await serving((_, response) => response.end())]);
  const now = await Promise.all(Array.from({ length: 20 }, () => outcome(discovery.request(ask))));
  expect(new Set(now)).toEqual(new Set([200]));
});

test('what a call says of its retries goes before what its service says', async () => {
  let hits = 0;
  const counting: RequestListener = (request, response) => {
    hits++;
    broken(request, response);
  };
  const discovery = await over([await serving(counting), await serving(counting), await serving(counting)], {
    services: { plain: {} },
    defaults: { retry: false },
  });
  const sent = async (options: object): Promise<number> => {
    hits = 0;
    await outcome(discovery.request({ ...ask, ...options }));
    return hits;
  };
  expect(await sent({})).toBe(1);
  expect(await sent({ retry: { attempts: 3 } })).toBe(3);
  expect(await sent({ method: 'PUT', body: 'x', retry: { attempts: 3, methods: ['GET'] } })).toBe(1);
  expect(await sent({ method: 'POST', body: 'x', retry: { attempts: 2, methods: ['POST'] } })).toBe(2);
  const pieces = (): never => [Buffer.alloc(10)].values() as never;
  expect(await sent({ method: 'PUT', body: pieces(), retry: { attempts: 3 } })).toBe(3);
  expect(await sent({ method: 'PUT', body: pieces(), retry: { attempts: 3, maxReplayBytes: 1 } })).toBe(1);
  expect(await outcome(discovery.request({ ...ask, retry: { attempts: 0 } }))).toBe('ERR_OPTIONS');
  expect(await outcome(discovery.request({ ...ask, totalMs: -1 }))).toBe('ERR_OPTIONS');
});

test('calls that are cut by close, or would be retried after it, end as ERR_CLOSED, and nothing opens again', async () => {
  const silent = await serving(() => undefined);
  const discovery = await over([silent, silent]);
  const calls = [discovery.request(ask), discovery.request({ ...ask, method: 'POST', body: 'x' })].map(outcome);
  await pause(50);
  await discovery.close({ drainMs: 0 });
  expect(await Promise.all(calls)).toEqual(['ERR_CLOSED', 'ERR_CLOSED']);
  expect(() => discovery.install()).toThrow('closed');
});

test('a registration that was waiting for its server when discovery closed is not made', async () => {
  const discovery = await createDiscovery({ registry: 'http://127.0.0.1:1/eureka' });
  const server = createServer();
  const registering = discovery.registerServer(server, { app: 'shop' });
  const refused = expect(registering).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  await discovery.close({ drainMs: 0 });
  server.listen(0, '127.0.0.1');
  ends.push(() => server.close());
  await refused;
});

test('a slot whose stream lives is used, however long it is; one without requests is closed after a minute', () => {
  let closed = 0;
  class Fake extends Dispatcher {
    override dispatch(): boolean {
      return true;
    }
    override close(): Promise<void> {
      closed++;
      return Promise.resolve();
    }
  }
  const pools = new InstancePools({
    options: SERVICE_DEFAULTS,
    protocol: 'registered',
    dispatcherFor: () => new Fake(),
    clock: systemClock,
  });
  pools.dispatch(0, anInstance(), { path: '/', method: 'GET' }, {} as never);
  for (let second = 0; second < 600; second++) pools.tick(() => true);
  expect(closed).toBe(0);
  for (let second = 0; second < 61; second++) pools.tick(() => false);
  expect(closed).toBe(1);
});

test('a dispatcher of the user’s for each instance may be any: it is told where the instance is', async () => {
  const agents: Agent[] = [];
  const discovery = await over([await serving((_, response) => response.end('ok'))], {
    dispatcherFor: () => {
      const agent = new Agent();
      agents.push(agent);
      return agent;
    },
  });
  expect(await outcome(discovery.request(ask))).toBe(200);
  expect(await (await discovery.fetch('http://orders/')).text()).toBe('ok');
  expect(agents).toHaveLength(1);
});
