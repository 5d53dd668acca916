/** The measured side of `list.ts`: one client that follows a registry, asked by messages what that cost it. Loads packages as they are published. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createDiscovery } from '@heureka/client-sdk';
import { Eureka } from 'eureka-js-client';

export interface ListJob {
  readonly client: 'sdk' | 'eureka-js-client';
  readonly registryUrl: string;
}

/** What passed since the last answer. */
export interface ListCost {
  readonly cpuMs: number;
  /** Longest time in which the event loop had no turn, in ms. */
  readonly stallMs: number;
  readonly heapMiB: number;
  readonly rssMiB: number;
  readonly known: number;
}

const APP = 'service-0';
const { client, registryUrl } = JSON.parse(process.argv[2] ?? '{}') as ListJob;

// Sampled each ms: that costs CPU itself, so it is off while nothing is measured but idleness.
const delay = monitorEventLoopDelay({ resolution: 1 });
let cpu = process.cpuUsage();
let idle = false;

/** @returns how many instances of one application are known */
async function follow(): Promise<() => number> {
  if (client === 'sdk') {
    const discovery = await createDiscovery({ registry: registryUrl, start: 'wait', readyMs: 60_000 });
    return () => discovery.instances(APP).length;
  }
  const { hostname, port } = new URL(registryUrl);
  const eureka = new Eureka({
    instance: {
      app: 'bench-caller',
      instanceId: `bench-caller:${process.pid}`,
      hostName: '127.0.0.1',
      ipAddr: '127.0.0.1',
      port: { $: 1, '@enabled': true },
      vipAddress: 'bench-caller',
      dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
    },
    eureka: {
      host: hostname,
      port: Number(port),
      servicePath: '/eureka/apps/',
      heartbeatInterval: 30_000,
      // Refreshes that can be waited for; each costs what one of its usual ones does.
      registryFetchInterval: 3_000,
      maxRetries: 3,
      requestRetryDelay: 500,
    },
  });
  (eureka as unknown as { logger: { level(level: number): void } }).logger.level(60);
  await new Promise<void>((resolve, reject) => eureka.start((error?: Error) => (error ? reject(error) : resolve())));
  return () => (eureka.getInstancesByAppId(APP.toUpperCase()) as unknown[]).length;
}

globalThis.gc?.();
delay.enable();
cpu = process.cpuUsage();
const known = await follow();

process.on('message', (say: 'cost?' | 'reset' | 'idle') => {
  if (say !== 'cost?') {
    // Collecting now would make V8 tidy up once more in the time that is measured.
    idle = say === 'idle';
    if (idle) delay.disable();
    else globalThis.gc?.();
    delay.reset();
    process.send?.('ready');
    cpu = process.cpuUsage();
    return;
  }
  const { user, system } = process.cpuUsage(cpu);
  const stallMs = delay.max / 1e6;
  if (!idle) globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const cost: ListCost = {
    cpuMs: (user + system) / 1_000,
    stallMs,
    heapMiB: heapUsed / 2 ** 20,
    rssMiB: rss / 2 ** 20,
    known: known(),
  };
  process.send?.(cost);
  cpu = process.cpuUsage();
});
process.on('disconnect', () => process.exit(0));
process.send?.('following');
