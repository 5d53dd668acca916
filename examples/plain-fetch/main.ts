/**
 * Code that knows nothing of discovery: after `discovery.install()` the built-in fetch understands the names of services, and everything else
 * goes where it went before. One program, so that it can be run by itself: a registry, two instances of `orders`, and a caller.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDiscovery } from '@heureka/client-sdk';
import { createRegistryServer } from 'heureka-server';

const registry = await createRegistryServer({ port: 0, host: '127.0.0.1', data: 'none' });
const services = await createDiscovery({ registry: registry.url });
const [first, second] = [await orders('first'), await orders('second')];

/** What any library in your process might do. */
async function ask(url: string): Promise<string> {
  return (await fetch(url)).text();
}

const discovery = await createDiscovery({ registry: registry.url, start: 'wait' });
const installed = discovery.install();

const answers = new Set<string>();
while (answers.size < 2) answers.add(await ask('http://orders/v1/orders/42'));
console.log(`http://orders/ was answered by ${[...answers].sort().join(' and ')}`);

// No lease has run out and no registry was asked: the refused connection is enough.
first.closeAllConnections();
first.close();
for (let call = 0; call < 50; call++) answers.add(await ask('http://orders/v1/orders/42'));
console.log('the first was stopped without a word: 50 more calls, none failed');

console.log(`another host is called as before: ${await ask(`http://127.0.0.1:${portOf(second)}/`)}`);

installed[Symbol.dispose]();
const refused = await ask('http://orders/v1/orders/42').then(
  () => 'answered',
  () => 'no host of that name',
);
console.log(`after dispose(), fetch('http://orders/') says: ${refused}`);

await discovery.close();
await services.close({ drainMs: 0 });
second.closeAllConnections();
second.close();
await registry.close();

async function orders(name: string): Promise<Server> {
  const server = createServer((_, response) => response.end(name)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  await services.registerServer(server, { app: 'orders', address: '127.0.0.1', instanceId: name });
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
