/**
 * The SDK on a stock Eureka server: it registers, is listed, is called by its name, and leaves. Without arguments on recorded answers of a
 * genuine server; `--url http://host:8761/eureka` takes a real one (which shows a new instance up to 30 s later).
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createDiscovery } from '@heureka/client-sdk';
import { type ReplayServer, replayServer } from './replay-server.ts';

const LISTED_WITHIN_MS = 90_000;

const { values } = parseArgs({ options: { url: { type: 'string' } } });
const service = createServer((_, response) => response.end('billing')).listen(0, '127.0.0.1');
await once(service, 'listening');
const { port } = service.address() as AddressInfo;
const replay: ReplayServer | undefined = values.url === undefined ? await replayServer(port) : undefined;

const discovery = await createDiscovery({
  registry: { urls: [replay?.url ?? values.url!], pollMs: 500 },
  start: 'fail-fast',
});
discovery.on('source', ({ url, mode, error }) => {
  console.log(error === undefined ? `follows ${url} by ${mode}` : `cannot follow ${url}: ${error.message}`);
});
const registration = await discovery.registerServer(service, {
  app: 'billing',
  instanceId: 'i1',
  address: '127.0.0.1',
  heartbeatMs: 1_000,
  drain: { propagationMs: 0 },
});
console.log(`registered as billing/${registration.instance.id}: ${registration.state}`);

for (const deadline = performance.now() + LISTED_WITHIN_MS; discovery.instances('billing').length === 0; ) {
  if (performance.now() > deadline) throw new Error(`not listed within ${LISTED_WITHIN_MS} ms`);
  await pause(50);
}
const answer = await discovery.fetch('http://billing/v1/invoices');
console.log(`http://billing/v1/invoices was answered by ${await answer.text()}`);

// A heartbeat or two, and some polls.
await pause(2_500);
console.log(`after 2.5 s: ${registration.state}, ${discovery.instances('billing').length} instance listed`);
await discovery.close();
console.log(`left: ${registration.state}`);
if (replay !== undefined) {
  const counts = new Map<string, number>();
  for (const line of replay.log) counts.set(line, (counts.get(line) ?? 0) + 1);
  for (const [line, count] of counts) console.log(`  ${String(count).padStart(2)} x ${line}`);
}
replay?.close();
service.closeAllConnections();
service.close();
