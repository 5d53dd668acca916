/**
 * A caller as a process of its own, with steady calls that start on time whatever became of earlier ones (open loop). It reports every call.
 *
 * Three kinds: our SDK; round robin over the list, without more; eureka-js-client's list with undici, as its users do it.
 */
import { createDiscovery } from '@heureka/client-sdk';
import { Eureka } from 'eureka-js-client';
import { Agent } from 'undici';

export type CallerKind = 'sdk' | 'round-robin' | 'eureka-js-client';

export interface CallerJob {
  readonly kind: CallerKind;
  readonly registryUrl: string;
  readonly callsPerSecond: number;
  readonly zone: string;
}

export interface Call {
  /** Epoch ms. */
  readonly at: number;
  readonly ms: number;
  readonly failed: boolean;
  readonly by: string | undefined;
  readonly why: string | undefined;
}

const APP = 'orders';
/** What a caller without an SDK would set. */
const TIMEOUT_MS = 5_000;

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function callOf({ kind, registryUrl, zone }: CallerJob): Promise<() => Promise<Answer>> {
  if (kind === 'sdk') {
    const discovery = await createDiscovery({ registry: { urls: [registryUrl], pollMs: 2_000 }, zone, start: 'wait' });
    return async () => {
      const { statusCode, body } = await discovery.request({ service: APP, path: '/' });
      return { status: statusCode, text: await body.text() };
    };
  }
  const agent = new Agent({ connect: { timeout: 1_000 }, headersTimeout: TIMEOUT_MS, connections: 32 });
  const next = kind === 'round-robin' ? await roundRobin(registryUrl) : await eurekaJs(registryUrl);
  return async () => {
    const { statusCode, body } = await agent.request({ origin: next(), path: '/', method: 'GET' });
    return { status: statusCode, text: await body.text() };
  };
}

interface Listed {
  readonly ipAddr: string;
  readonly status: string;
  readonly port: { readonly $: number };
}

/** The list every 30 s, as clients of Eureka have it by default; one instance after the other. */
async function roundRobin(registryUrl: string): Promise<() => string> {
  let list: readonly Listed[] = [];
  const refresh = async (): Promise<void> => {
    const answer = await fetch(`${registryUrl}/apps/${APP}`, { headers: { accept: 'application/json' } });
    const { application } = (await answer.json()) as { application: { instance: Listed[] } };
    list = application.instance.filter(({ status }) => status === 'UP');
  };
  await refresh();
  setInterval(() => refresh().catch(() => undefined), 30_000);
  let at = 0;
  return () => originOf(list[at++ % list.length]);
}

async function eurekaJs(registryUrl: string): Promise<() => string> {
  const { hostname, port } = new URL(registryUrl);
  const client = new Eureka({
    instance: {
      app: 'bench-caller',
      instanceId: `bench-caller:${process.pid}`,
      hostName: '127.0.0.1',
      ipAddr: '127.0.0.1',
      port: { $: 1, '@enabled': true },
      vipAddress: 'bench-caller',
      dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
    },
    // Its own defaults.
    eureka: {
      host: hostname,
      port: Number(port),
      servicePath: '/eureka/apps/',
      heartbeatInterval: 30_000,
      registryFetchInterval: 30_000,
      maxRetries: 3,
      requestRetryDelay: 500,
    },
  });
  (client as unknown as { logger: { level(level: number): void } }).logger.level(60);
  await new Promise<void>((resolve, reject) => client.start((error?: Error) => (error ? reject(error) : resolve())));
  let at = 0;
  return () => {
    const list = client.getInstancesByAppId(APP.toUpperCase()) as unknown as readonly Listed[];
    return originOf(list[at++ % list.length]);
  };
}

function originOf(instance: Listed | undefined): string {
  if (instance === undefined) throw new Error('nobody is listed');
  return `http://${instance.ipAddr}:${instance.port.$}`;
}

const job = JSON.parse(process.argv[2] ?? '{}') as CallerJob;
const call = await callOf(job);
let calls: Call[] = [];

async function one(): Promise<void> {
  const at = Date.now();
  const began = performance.now();
  const told = await call().then(
    ({ status, text }) => ({ failed: status >= 400, by: text, why: status >= 400 ? `status ${status}` : undefined }),
    (error: Error & { code?: string }) => ({
      failed: true,
      by: undefined,
      why: `${error.code ?? ''} ${error.message}`,
    }),
  );
  calls.push({ at, ms: performance.now() - began, ...told });
}

let due = 0;
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  due += ((now - last) / 1_000) * job.callsPerSecond;
  last = now;
  for (; due >= 1; due--) void one();
}, 5);

process.on('message', () => {
  process.send?.(calls);
  calls = [];
});
process.on('disconnect', () => process.exit(0));
process.send?.('calling');
