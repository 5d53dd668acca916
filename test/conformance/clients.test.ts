/** What genuine clients send: each request is answered as a stock server answered it, in the form that this client reads. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRegistryServer, type RegistryServer } from 'heureka-server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../helpers/redis-server.ts';
import { register } from './build.ts';
import { type Answered, type Asked, exchange } from './exchange.ts';
import { asked } from './recording.ts';
import { emptied, problemOf } from './run-case.ts';

interface Sent {
  readonly ask: Asked;
  /** Null: the client went away before the answer. */
  readonly stockStatus: number | null;
}

const CLIENTS = new URL('recorded/clients/', import.meta.url);

const clients = readdirSync(CLIENTS)
  .filter((name) => name.endsWith('.json'))
  .map((name) => {
    const { exchanges } = JSON.parse(readFileSync(new URL(name, CLIENTS), 'utf8')) as {
      exchanges: readonly { request: Parameters<typeof asked>[0]; stockStatus: number | null }[];
    };
    const sent = exchanges.map(({ request, stockStatus }): Sent => {
      // How long a body is, and how it was cut, is the connection's business.
      const { 'content-length': _, 'transfer-encoding': __, host: ___, ...headers } = request.headers;
      return { ask: asked({ ...request, headers }), stockStatus };
    });
    return { client: name.replace('.json', ''), sent };
  });

const JSON_READ = { accept: 'application/json' };
const INSTANCE = /^\/eureka(?:\/v2)?\/apps\/([^/?]+)\/([^/?]+)/;
const APP = /^\/eureka(?:\/v2)?\/apps\/(?!delta\b)([^/?]+)\/?$/;

/** Brings about what stock knew when it gave this answer: an instance that is registered, and as new, or that is not. */
async function asStockKnewIt(origin: string, { ask, stockStatus }: Sent): Promise<void> {
  const [, app, id] = INSTANCE.exec(ask.path) ?? APP.exec(ask.path) ?? [];
  if (app === undefined || ask.method === 'POST') return;
  const key = `/eureka/apps/${app}/${id ?? 'i1'}`;
  if (stockStatus === 404) {
    await exchange(origin, { method: 'DELETE', path: key });
    return;
  }
  const dirty = new URL(ask.path, origin).searchParams.get('lastDirtyTimestamp') ?? '1';
  const name = decodeURIComponent(app);
  const { ask: registration } = register({
    app: name,
    instanceId: decodeURIComponent(id ?? 'i1'),
    vipAddress: name,
    lastDirtyTimestamp: dirty,
  });
  await exchange(origin, { ...registration, path: registration.path.replace(/^B/, '/eureka') });
}

/** What is wrong with an answer for the client that reads it. */
function flaw({ ask, stockStatus }: Sent, answer: Answered): string | undefined {
  if (stockStatus === null) return answer.status < 500 ? undefined : `status ${answer.status}`;
  const accept = ask.headers?.['accept'] ?? '';
  const reads = ask.method === 'GET' && stockStatus === 200;
  if (!reads && !ask.path.includes('/peerreplication/')) {
    // Outside of the protocol's paths errors may say something: nobody decodes them.
    const body = ask.path.startsWith('/eureka') ? 'empty' : undefined;
    return problemOf(answer, { status: stockStatus, ...(body === undefined ? {} : { body }) });
  }
  const listed = /\/apps(\/|\/delta)?$/.test(ask.path);
  const zipped = listed && ask.headers?.['accept-encoding']?.includes('gzip') === true;
  const problem = problemOf(answer, {
    status: 200,
    body: accept.includes('json') ? 'json' : 'xml',
    headers: { 'content-encoding': zipped ? 'gzip' : undefined },
  });
  if (problem !== undefined) return problem;
  const compact = ask.headers?.['x-eureka-accept'] === 'compact';
  return compact && answer.body.includes('leaseInfo') ? 'the full form, where compact was asked for' : undefined;
}

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

describe.each([{ store: 'memory' }, { store: 'Redis' }])('on $store', ({ store }) => {
  let server: RegistryServer;
  let origin: string;
  beforeAll(async () => {
    const where = store === 'memory' ? { data: 'none' } : { redis: redis.url };
    server = await createRegistryServer({ port: 0, host: '127.0.0.1', ...where });
    origin = `http://127.0.0.1:${server.port}`;
  });
  afterAll(() => server.close());

  test.each(clients)('$client is answered as by a stock server', async ({ sent }) => {
    const flaws: string[] = [];
    for (const one of sent) {
      await asStockKnewIt(origin, one);
      const problem = flaw(one, await exchange(origin, one.ask));
      if (problem !== undefined) flaws.push(`${one.ask.method} ${one.ask.path}: ${problem}`);
    }
    expect(flaws).toEqual([]);
  });

  test.each(clients.filter(({ sent }) => sent.some(({ ask }) => isRegistration(ask))))(
    'what $client registers is listed, by every way to read it',
    async ({ sent }) => {
      const registration = sent.find(({ ask }) => isRegistration(ask))!.ask;
      const app = decodeURIComponent(APP.exec(registration.path)![1]!).toUpperCase();
      await emptied({ origin, base: '/eureka' });
      expect((await exchange(origin, registration)).status).toBe(204);

      const path = `/eureka/apps/${encodeURIComponent(app)}`;
      const { application } = JSON.parse((await exchange(origin, { method: 'GET', path, headers: JSON_READ })).body);
      expect(application.instance).toMatchObject([{ app, status: expect.stringMatching(/^(UP|STARTING)$/) }]);
      const { instanceId, hostName } = application.instance[0];

      const own = await exchange(origin, {
        method: 'GET',
        path: `${path}/${encodeURIComponent(instanceId ?? hostName)}`,
      });
      expect(problemOf(own, { status: 200, body: 'xml', shows: [new RegExp(`<app>${app}</app>`)] })).toBeUndefined();
    },
  );
});

function isRegistration({ method, path }: Asked): boolean {
  return method === 'POST' && path.includes('/apps/');
}
