/**
 * A service that uses eureka-js-client from npm, as it is, beside one that uses our SDK, on our registry: each finds the other.
 * One program, so that it can be run by itself; HEUREKA_URL names another registry, also a stock Eureka server.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { createDiscovery } from '@heureka/client-sdk';
import { Eureka } from 'eureka-js-client';
import { createRegistryServer } from 'heureka-server';

const given = process.env['HEUREKA_URL'];
const registry =
  given === undefined ? await createRegistryServer({ port: 0, host: '127.0.0.1', data: 'none' }) : undefined;
const registryUrl = new URL(registry?.url ?? given!);

// The old service: this is all of eureka-js-client's configuration, and only host and port are ours.
const legacy = await listening('legacy');
const client = new Eureka({
  instance: {
    app: 'legacy',
    instanceId: `legacy:${portOf(legacy)}`,
    hostName: '127.0.0.1',
    ipAddr: '127.0.0.1',
    port: { $: portOf(legacy), '@enabled': true },
    vipAddress: 'legacy',
    dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
  },
  eureka: {
    host: registryUrl.hostname,
    port: Number(registryUrl.port),
    servicePath: `${registryUrl.pathname.replace(/\/$/, '')}/apps/`,
    heartbeatInterval: 10_000,
    registryFetchInterval: 500,
    maxRetries: 3,
    requestRetryDelay: 200,
  },
});
client.logger.level(60);
await new Promise<void>((resolve, reject) => client.start((error?: Error) => (error ? reject(error) : resolve())));

// The new service.
const modern = await listening('modern');
const discovery = await createDiscovery({ registry: registryUrl.href, start: 'wait' });
await discovery.registerServer(modern, { app: 'modern', address: '127.0.0.1' });

await until(() => discovery.instances('legacy').length > 0);
const answer = await discovery.fetch('http://legacy/hello');
console.log(`our SDK found and called it: http://legacy/hello was answered by ${await answer.text()}`);

await until(() => client.getInstancesByAppId('modern').length > 0);
const [found] = client.getInstancesByAppId('modern');
const direct = await fetch(`http://${found!.ipAddr}:${found!.port.$}/hello`);
console.log(`eureka-js-client found ours: ${found!.ipAddr} was answered by ${await direct.text()}`);

await new Promise<void>((resolve) => client.stop(() => resolve()));
await discovery.close({ drainMs: 0 });
for (const server of [legacy, modern]) {
  server.closeAllConnections();
  server.close();
}
await registry?.close();

async function listening(name: string): Promise<Server> {
  const server = createServer((_, response) => response.end(name)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** A stock server may take a minute to show what it was told; ours shows it at once. */
async function until(isSo: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 90_000; !isSo(); await pause(50)) {
    if (performance.now() > deadline) throw new Error('not listed within 90 s');
  }
}
