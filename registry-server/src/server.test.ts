/** The whole server in this process, over real sockets, on each of its stores. */
import { gunzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { rawHttp } from '../../test/helpers/raw-http.ts';
import { startRedis } from '../../test/helpers/redis-server.ts';
import { until } from '../../test/helpers/until.ts';
import { createRegistryServer, type RegistryServer, type RegistryServerOptions } from './server.ts';

async function started(options: RegistryServerOptions = {}): Promise<RegistryServer> {
  const server = await createRegistryServer({ port: 0, host: '127.0.0.1', data: 'none', ...options });
  onTestFinished(() => server.close());
  return server;
}

const registration = (id: string, extra: object = {}): string =>
  JSON.stringify({
    instance: {
      instanceId: id,
      hostName: 'h1',
      app: 'billing',
      ipAddr: '10.0.0.1',
      status: 'UP',
      port: { $: 9001, '@enabled': 'true' },
      dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
      leaseInfo: { renewalIntervalInSecs: 30, durationInSecs: 90 },
      vipAddress: 'billing',
      lastDirtyTimestamp: '1000',
      ...extra,
    },
  });

async function register({ url }: RegistryServer, id: string, extra: object = {}): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  const body = registration(id, extra);
  return (await fetch(`${url}/apps/BILLING`, { method: 'POST', headers, body })).status;
}

async function json(server: RegistryServer, path: string): Promise<unknown> {
  const answer = await fetch(`${server.url}/${path}`, { headers: { accept: 'application/json' } });
  expect(answer.status).toBe(200);
  return answer.json();
}

async function ids(server: RegistryServer): Promise<readonly string[]> {
  const { applications } = (await json(server, 'apps')) as {
    applications: { application: { instance: { instanceId: string }[] }[] };
  };
  return applications.application.flatMap(({ instance }) => instance.map(({ instanceId }) => instanceId)).sort();
}

async function put(server: RegistryServer, path: string, method = 'PUT'): Promise<number> {
  return (await fetch(`${server.url}/apps/${path}`, { method })).status;
}

/** What a client does in its life. */
async function life(server: RegistryServer): Promise<void> {
  expect(await ids(server)).toEqual([]);
  expect(await put(server, 'BILLING/i1')).toBe(404);
  expect(await register(server, 'i1')).toBe(204);
  expect(await register(server, 'a/b')).toBe(204);
  expect(await ids(server)).toEqual(['a/b', 'i1']);
  expect(await put(server, 'billing/i1?status=UP&lastDirtyTimestamp=1000')).toBe(200);
  expect(await put(server, 'BILLING/a%2Fb')).toBe(200);
  expect(await put(server, 'BILLING/i1/status?value=OUT_OF_SERVICE')).toBe(200);
  expect(await json(server, 'apps/BILLING/i1')).toMatchObject({ instance: { status: 'OUT_OF_SERVICE' } });
  expect(await put(server, 'BILLING/i1/status?value=UP', 'DELETE')).toBe(200);
  expect(await put(server, 'BILLING/i1/metadata?zone=z9')).toBe(200);
  expect(await json(server, 'instances/i1')).toMatchObject({ instance: { status: 'UP', metadata: { zone: 'z9' } } });
  expect(await json(server, 'apps/delta')).toMatchObject({ applications: { apps__hashcode: 'UP_2_' } });
  expect(await json(server, 'vips/billing')).toMatchObject({ applications: { application: [{ name: 'BILLING' }] } });
  const packed = await rawHttp(server.port, ['GET /eureka/v2/apps HTTP/1.1', 'Accept-Encoding: gzip']);
  expect(gunzipSync(packed.body).toString()).toContain('<apps__hashcode>UP_2_</apps__hashcode>');
  expect(await put(server, 'BILLING/i1', 'DELETE')).toBe(200);
  expect(await put(server, 'BILLING/i1', 'DELETE')).toBe(404);
  expect(await ids(server)).toEqual(['a/b']);
}

test('the embedded store: a client registers, beats, changes and leaves', async () => {
  await life(await started());
});

test('real Redis: a client registers, beats, changes and leaves', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  await life(await started({ redis: redis.url }));
});

test('two nodes on one Redis show one registry', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const [a, b] = [await started({ redis: redis.url }), await started({ redis: redis.url })];
  expect(await register(a, 'i1')).toBe(204);
  expect(await put(b, 'BILLING/i1')).toBe(200);
  expect(await register(b, 'i2')).toBe(204);
  await until('both list both', async () => (await ids(a)).length === 2 && (await ids(b)).length === 2, 2_000);
});

test('a server ended and started on the same data file knows what it acknowledged', async () => {
  const { mkdtempSync, rmSync } = await import('node:fs');
  const folder = mkdtempSync('/tmp/heureka-server-test-');
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const first = await createRegistryServer({ port: 0, host: '127.0.0.1', data: folder });
  expect(await register(first, 'i1')).toBe(204);
  await first.close();
  expect(await ids(await started({ data: folder }))).toEqual(['i1']);
});

test('changes since a cursor are exactly what is missing', async () => {
  const server = await started();
  await register(server, 'i1');
  const all = await fetch(`${server.url}/apps`, { headers: { accept: 'application/json' } });
  const cursor = all.headers.get('x-heureka-cursor');
  await register(server, 'i2');
  const since = (await json(server, `apps/delta?since=${cursor}`)) as {
    applications: { application: { instance: { instanceId: string }[] }[] };
  };
  expect(since.applications.application[0]!.instance.map(({ instanceId }) => instanceId)).toEqual(['i2']);
  const etag = all.headers.get('etag')!;
  const headers = { accept: 'application/json', 'if-none-match': etag };
  expect((await fetch(`${server.url}/apps`, { headers })).status).toBe(200);
});
