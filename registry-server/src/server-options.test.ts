/** Each option that changes how the server meets the network or what it holds, shown on a server that runs with it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { exchange, rawHttp } from '../../test/helpers/raw-http.ts';
import { startRedis } from '../../test/helpers/redis-server.ts';
import { freePort } from '../../test/helpers/server-process.ts';
import { type Certificate, certificate } from './certificates.fixture.ts';
import { createRegistryServer, type RegistryServer, type RegistryServerOptions } from './server.ts';

async function started(options: RegistryServerOptions = {}): Promise<RegistryServer> {
  const server = await createRegistryServer({ port: 0, host: '127.0.0.1', data: 'none', ...options });
  onTestFinished(() => server.close());
  return server;
}

async function register({ url }: RegistryServer, app: string, id: string, metadata: object = {}): Promise<number> {
  const instance = {
    instanceId: id,
    hostName: 'h1',
    app,
    ipAddr: '10.0.0.1',
    dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
    metadata,
  };
  const headers = { 'content-type': 'application/json' };
  return (await fetch(`${url}/apps/${app}`, { method: 'POST', headers, body: JSON.stringify({ instance }) })).status;
}

/** Files of this name and content, in a folder that ends with the test. */
function files(contents: Readonly<Record<string, string>>): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'heureka-options-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries(contents)) writeFileSync(join(folder, name), content);
  return (name) => join(folder, name);
}

/** Status of GET apps by TLS, as the holder of a certificate or as nobody. @throws when TLS comes to nothing */
function askByTls(port: number, ca: string, own?: Certificate): Promise<number> {
  return new Promise((resolve, reject) => {
    const tls = { ca, ...(own && { cert: own.cert, key: own.key }) };
    request({ host: '127.0.0.1', port, path: '/eureka/apps', agent: false, ...tls }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

test('--tls-cert and --tls-key: the port speaks TLS, and nothing else', async () => {
  const authority = certificate('authority');
  const own = certificate('registry', authority);
  const file = files({ 'cert.pem': own.cert, 'key.pem': own.key });
  const server = await started({ tlsCert: file('cert.pem'), tlsKey: file('key.pem') });
  expect(server.url).toBe(`https://127.0.0.1:${server.port}/eureka`);
  expect(await askByTls(server.port, authority.cert)).toBe(200);
  await expect(askByTls(server.port, certificate('another').cert)).rejects.toThrow('certificate');
  expect(
    await exchange(server.port, Buffer.from('GET /eureka/apps HTTP/1.1\r\nHost: x\r\n\r\n')).catch(String),
  ).not.toContain('applications');
});

test('--tls-client-ca: only clients whose certificate it signed are let in', async () => {
  const authority = certificate('authority');
  const own = certificate('registry', authority);
  const file = files({ 'cert.pem': own.cert, 'key.pem': own.key, 'ca.pem': authority.cert });
  const server = await started({ tlsCert: file('cert.pem'), tlsKey: file('key.pem'), tlsClientCa: file('ca.pem') });
  expect(await askByTls(server.port, authority.cert, certificate('orders', authority))).toBe(200);
  await expect(askByTls(server.port, authority.cert)).rejects.toThrow();
  await expect(askByTls(server.port, authority.cert, certificate('self-signed'))).rejects.toThrow();
});

test('TLS files that are not what they should be are each said in a sentence, before anything starts', async () => {
  const own = certificate('registry');
  const file = files({ 'cert.pem': own.cert, 'key.pem': certificate('other').key, 'text.pem': 'no PEM' });
  const problem = (options: RegistryServerOptions): Promise<string> =>
    started(options).then(
      () => 'it started',
      (error: Error) => `${error.name}: ${error.message}`,
    );
  const text = file('text.pem');
  const sentences = (await problem({ tlsCert: text, tlsKey: text, tlsClientCa: text })).split('\n');
  expect(sentences).toEqual([
    expect.stringMatching(/^StartError: --tls-cert names \S+text\.pem, which is no PEM file of its kind: /),
    expect.stringMatching(/^--tls-key names \S+text\.pem, which is no PEM file of its kind: /),
    expect.stringMatching(
      /^--tls-client-ca names \S+text\.pem, which is no PEM file of its kind: it holds no certificate$/,
    ),
  ]);
  expect(await problem({ tlsCert: file('cert.pem'), tlsKey: file('key.pem') })).toMatch(
    /^StartError: --tls-key names \S+key\.pem, which is not the key of the certificate in \S+cert\.pem: /,
  );
  expect(await problem({ redis: 'rediss://127.0.0.1:1', redisCa: text })).toMatch(/^StartError: --redis-ca names /);
});

test('--admin-port: metrics and health have a port of their own, and metrics leave the main one', async () => {
  const adminPort = await freePort();
  const server = await started({ adminPort });
  const ask = async (port: number, path: string): Promise<number> =>
    (await rawHttp(port, [`GET ${path} HTTP/1.1`])).status;
  expect(await ask(adminPort, '/metrics')).toBe(200);
  expect(await ask(adminPort, '/health/ready')).toBe(200);
  expect(await ask(adminPort, '/eureka/apps')).toBe(404);
  expect(await ask(server.port, '/metrics')).toBe(404);
  expect(await ask(server.port, '/health/ready')).toBe(200);
  await expect(started({ adminPort })).rejects.toThrow('choose another with --admin-port');
});

test('--max-instances and --max-instances-per-app: what is new is 503 beyond them, what is known never', async () => {
  const server = await started({ maxInstances: 3, maxInstancesPerApp: 2 });
  expect(await register(server, 'A', 'i1')).toBe(204);
  expect(await register(server, 'A', 'i2')).toBe(204);
  expect(await register(server, 'A', 'i3')).toBe(503);
  expect(await register(server, 'B', 'i1')).toBe(204);
  expect(await register(server, 'C', 'i1')).toBe(503);
  expect(await register(server, 'A', 'i1')).toBe(204);
  expect((await fetch(`${server.url}/apps/A/i1`, { method: 'DELETE' })).status).toBe(200);
  expect(await register(server, 'C', 'i1')).toBe(204);
});

test('--metadata-limit and --body-limit: more is 400 and 413', async () => {
  const server = await started({ metadataLimit: 10, bodyLimit: 1_024 });
  expect(await register(server, 'A', 'i1', { k: '123456789' })).toBe(204);
  expect(await register(server, 'A', 'i1', { k: '1234567890' })).toBe(400);
  const metadata = (query: string) => fetch(`${server.url}/apps/A/i1/metadata?${query}`, { method: 'PUT' });
  expect((await metadata('k=1')).status).toBe(200);
  expect((await metadata('other=123456789')).status).toBe(400);
  expect(await register(server, 'A', 'i1', { k: 'x'.repeat(2_000) })).toBe(413);
});

test('--keep-alive: an idle connection stays open that long, 75 s without it, and no longer', async () => {
  const beat = 'PUT /eureka/apps/A/i1 HTTP/1.1\r\nHost: x\r\n\r\n';
  const usual = await started();
  const socket = connect(usual.port, '127.0.0.1', () => socket.write(beat));
  const head = await new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(bytes.toString())));
  socket.destroy();
  expect(head).toContain('Keep-Alive: timeout=75');

  const short = await started({ keepAlive: 1 });
  const begun = performance.now();
  // Resolves when the server closes.
  await exchange(short.port, Buffer.from(beat));
  expect(performance.now() - begun).toBeGreaterThan(900);
  expect(performance.now() - begun).toBeLessThan(10_000);
});

test('--namespace and --key-prefix: registries in one Redis that know nothing of each other', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const one = await started({ redis: redis.url, namespace: 'one', keyPrefix: 'shop:' });
  const two = await started({ redis: redis.url, namespace: 'two' });
  expect(await register(one, 'A', 'i1')).toBe(204);
  expect((await fetch(`${one.url}/apps/A`)).status).toBe(200);
  expect((await fetch(`${two.url}/apps/A`)).status).toBe(404);
  const keys = await redis.client().keys('*');
  expect(keys.filter((key) => key.includes('{heureka:one}')).length).toBeGreaterThan(0);
  expect(keys.filter((key) => !key.startsWith('shop:{heureka:one}') && !key.startsWith('{heureka:two}'))).toEqual([]);
});
