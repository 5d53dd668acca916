/**
 * The SDK's registration over its own sockets, against our own registry in this process.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, systemRandom } from '@heureka/client-sdk/runtime';
import { expect, test } from 'vitest';
import { InflightRequests } from '../../client-sdk/src/registration/inflight-requests.ts';
import { InstanceRegistration } from '../../client-sdk/src/registration/instance-registration.ts';
import { listeningOn } from '../../client-sdk/src/registration/listening-port.ts';
import {
  type PreparedRegistration,
  prepareRegistration,
} from '../../client-sdk/src/registration/prepare-registration.ts';
import { systemSurroundings } from '../../client-sdk/src/registration/system-surroundings.ts';
import { HttpRegistryApi } from '../../client-sdk/src/registry-api/http-registry-api.ts';
import type { StreamEvent } from '../../client-sdk/src/registry-api/registry-api.ts';
import { UndiciHttpClient } from '../../client-sdk/src/transport/registry-http.ts';
import { certificate } from '../../registry-server/src/certificates.fixture.ts';
import { createRegistryServer, type RegistryServer } from '../../registry-server/src/server.ts';
import { NODE_ARGS } from '../helpers/server-process.ts';
import { until } from '../helpers/until.ts';

type Later = (end: () => Promise<void>) => void;

async function registry(later: Later, port = 0): Promise<RegistryServer> {
  const server = await createRegistryServer({ port, host: '127.0.0.1', data: 'none' });
  later(() => server.close());
  return server;
}

function apiTo(later: Later, ...urls: string[]): HttpRegistryApi {
  return apiOver(new UndiciHttpClient(), later, ...urls);
}

function apiOver(http: UndiciHttpClient, later: Later, ...urls: string[]): HttpRegistryApi {
  const api = new HttpRegistryApi({
    urls: new Map([['', urls]]),
    auth: undefined,
    timeoutMs: 2_000,
    zone: undefined,
    http,
    clock: systemClock,
    random: systemRandom,
  });
  later(() => api.close());
  return api;
}

function prepared(given: Parameters<typeof prepareRegistration>[0] = {}): Promise<PreparedRegistration> {
  const surroundings = systemSurroundings({ registryUrl: undefined, zone: 'a' });
  return prepareRegistration(
    { app: 'orders', port: 3000, address: '127.0.0.1', heartbeatMs: 200, leaseMs: 2_000, signals: false, ...given },
    surroundings,
  );
}

const parts = { clock: systemClock, random: systemRandom };

test('a service is registered, seen by the others, changed, taken out of service and back, and gone at its end', async ({
  onTestFinished,
}) => {
  const server = await registry(onTestFinished);
  const api = apiTo(onTestFinished, server.url);
  const registration = new InstanceRegistration({ api, ...parts, prepared: await prepared() });
  expect(await registration.first).toBeUndefined();
  expect(registration.state).toBe('registered');
  const id = '127.0.0.1:orders:3000';
  const served = async (): Promise<unknown> => {
    const info = await api.instance('ORDERS', id);
    return info && [info.status, info.metadata['zone'], info.metadata['k']];
  };
  expect(await served()).toEqual(['UP', 'a', undefined]);

  await registration.setMetadata({ k: 'v' });
  expect(await served()).toEqual(['UP', 'a', 'v']);
  await registration.setStatus('OUT_OF_SERVICE');
  expect(await served()).toEqual(['OUT_OF_SERVICE', 'a', 'v']);
  await registration.setMetadata({ k: undefined });
  expect(await served()).toEqual(['OUT_OF_SERVICE', 'a', undefined]);
  await registration.setStatus('DOWN');
  expect(await served()).toEqual(['DOWN', 'a', undefined]);
  await registration.setStatus('UP');
  expect(await served()).toEqual(['UP', 'a', undefined]);
  expect(registration.instance).toMatchObject({ id, app: 'orders', status: 'UP', url: 'http://127.0.0.1:3000' });

  // Longer than the lease: the heartbeats hold it.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(await served()).toEqual(['UP', 'a', undefined]);
  await registration.cancel();
  expect(registration.state).toBe('cancelled');
  expect(await served()).toBeUndefined();
});

test('lists, deltas since a cursor and the stream come from a real registry, with what it can do', async ({
  onTestFinished,
}) => {
  const server = await registry(onTestFinished);
  const api = apiTo(onTestFinished, server.url);
  const empty = await api.all();
  expect(empty).toMatchObject({ applications: [], capabilities: { since: true, stream: true }, skipped: 0 });
  expect(empty.server).toBe(server.url);

  // Changes are known from the first one on.
  const other = new InstanceRegistration({ api, ...parts, prepared: await prepared({ app: 'other' }) });
  onTestFinished(() => other.stop());
  await other.first;
  const { cursor } = await api.all();
  const heard: StreamEvent[] = [];
  const stop = new AbortController();
  const stream = api.stream(['orders'], cursor, (event) => heard.push(event), stop.signal);
  await until('the stream stands', () => heard.some(({ is }) => is === 'hello'));
  const registration = new InstanceRegistration({ api, ...parts, prepared: await prepared() });
  await registration.first;
  await until('the change is pushed', () => heard.some(({ is }) => is === 'delta'));
  const pushed = heard.find((event) => event.is === 'delta')!;
  expect(pushed.listed.applications.map(({ name }) => name)).toEqual(['ORDERS']);

  const since = await api.since(cursor!, ['orders']);
  expect(since?.applications[0]?.instances[0]).toMatchObject({ app: 'ORDERS', status: 'UP', actionType: 'ADDED' });
  expect(await api.since('nobody.1', [])).toBeUndefined();
  expect((await api.delta())?.applications).toHaveLength(2);
  expect((await api.app('orders')).applications[0]?.instances).toHaveLength(1);
  expect((await api.app('nobody')).applications).toEqual([]);
  stop.abort();
  expect(await stream).toBe('aborted');
  await registration.cancel();
});

test('a registry that restarts empty has the service back within a heartbeat', async ({ onTestFinished }) => {
  const first = await registry(onTestFinished);
  const api = apiTo(onTestFinished, first.url);
  const registration = new InstanceRegistration({ api, ...parts, prepared: await prepared() });
  onTestFinished(() => registration.stop());
  const states: string[] = [];
  registration.onState(({ state }) => states.push(state));
  await registration.first;
  await first.close();
  const second = await registry(onTestFinished, first.port);
  expect(second.port).toBe(first.port);
  await until('registered again', async () => (await api.instance('ORDERS', registration.instance.id)) !== undefined);
  expect(states).toContain('lost');
});

test('a drain says DOWN, serves on until callers know, tells them to go, and waits for what is on its way', async ({
  onTestFinished,
}) => {
  const registryServer = await registry(onTestFinished);
  const api = apiTo(onTestFinished, registryServer.url);
  const seen: (string | undefined)[] = [];
  let answer: (() => void) | undefined;
  const service = createServer((request, response) => {
    if (request.url === '/slow') answer = () => response.end('slow');
    else response.end('fast');
  });
  service.listen(0, '127.0.0.1');
  onTestFinished(async () => void service.close());
  const { port, secure, address } = await listeningOn(service);
  expect([secure, address]).toEqual([false, '127.0.0.1']);
  const inflight = new InflightRequests(service);
  const registration = new InstanceRegistration({
    api,
    ...parts,
    inflight,
    prepared: await prepared({ port, drain: { propagationMs: 2_000, inflightMs: 10_000 } }),
  });
  await registration.first;
  const slow = fetch(`http://127.0.0.1:${port}/slow`);
  await until('the slow request is there', () => answer !== undefined);

  const drained = registration.drain();
  await until('DOWN is served', async () => {
    const info = await api.instance('ORDERS', registration.instance.id);
    seen.push(info?.status);
    return info?.status === 'DOWN';
  });
  const meanwhile = await fetch(`http://127.0.0.1:${port}/`);
  expect([await meanwhile.text(), meanwhile.headers.get('connection')]).toEqual(['fast', 'keep-alive']);
  await until('callers are told to go', async () => {
    const last = await fetch(`http://127.0.0.1:${port}/`);
    expect(await last.text()).toBe('fast');
    return last.headers.get('connection') === 'close';
  });
  expect(registration.state).toBe('draining');
  answer?.();
  const slowAnswer = await slow;
  expect([await slowAnswer.text(), slowAnswer.headers.get('connection')]).toEqual(['slow', 'close']);
  await drained;
  expect(registration.state).toBe('cancelled');
  expect(await api.instance('ORDERS', registration.instance.id)).toBeUndefined();
});

test('a process that is told to end leaves in order, even when nothing else keeps it alive', async ({
  onTestFinished,
}) => {
  const server = await registry(onTestFinished);
  const api = apiTo(onTestFinished, server.url);
  const script = join(import.meta.dirname, 'draining-program.fixture.ts');
  const child = spawn(process.execPath, [...NODE_ARGS, script, server.url], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(async () => void child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  expect(await Promise.race([once(child.stdout, 'data').then(String), ended])).toBe('ready\n');
  expect((await api.instance('DRAINING', 'i1'))?.status).toBe('UP');
  child.kill('SIGTERM');
  await until('DOWN is served', async () => (await api.instance('DRAINING', 'i1'))?.status === 'DOWN');
  child.stdin.end();
  expect(await ended).toEqual([null, 'SIGTERM']);
  expect(await api.instance('DRAINING', 'i1')).toBeUndefined();
});

test('a registry behind TLS of its own authority is trusted by that authority alone, and knows us by our certificate', async ({
  onTestFinished,
}) => {
  const folder = await mkdtemp(join(tmpdir(), 'registry-tls-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const authority = certificate('authority');
  const own = certificate('registry', authority);
  const client = certificate('client', authority);
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const server = await createRegistryServer({
    port: 0,
    host: '127.0.0.1',
    data: 'none',
    tlsCert: await file('cert.pem', own.cert),
    tlsKey: await file('key.pem', own.key),
    tlsClientCa: await file('ca.pem', authority.cert),
  });
  onTestFinished(() => server.close());
  const url = `https://127.0.0.1:${server.port}/eureka`;
  const tls = { ca: authority.cert, cert: client.cert, key: client.key };
  const api = apiOver(new UndiciHttpClient({ tls }), onTestFinished, url);
  expect((await api.all()).applications).toEqual([]);
  const registration = new InstanceRegistration({ api, ...parts, prepared: await prepared() });
  expect(await registration.first).toBeUndefined();
  await registration.cancel();

  const strangers = [undefined, { ca: authority.cert }, { cert: client.cert, key: client.key }];
  for (const stranger of strangers) {
    const http = new UndiciHttpClient(stranger === undefined ? {} : { tls: stranger });
    await expect(apiOver(http, onTestFinished, url).all()).rejects.toMatchObject({ code: 'ERR_REGISTRY_UNAVAILABLE' });
  }
});
