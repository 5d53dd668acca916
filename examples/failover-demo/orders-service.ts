/**
 * One instance of the service `orders`, as a process of its own: it registers with the registry, answers, and leaves in order on SIGTERM.
 *
 * What a real service would not have is the last part: the director of the demo can make it slow or broken by a message.
 */
import { createServer } from 'node:http';
import { createDiscovery } from '@heureka/client-sdk';

/** What the director may say. */
export type Mood =
  | { readonly is: 'well' }
  | { readonly is: 'slow'; readonly ms: number }
  | { readonly is: 'broken'; readonly status: number };

/** A few ms of work, so that latencies look like a service's. */
const WORK_MS = 5;

const zone = process.env['HEUREKA_ZONE'] ?? 'unknown';
const name = process.env['ORDERS_NAME'] ?? 'orders';
let mood: Mood = { is: 'well' };

const server = createServer((request, response) => {
  request.resume();
  if (mood.is === 'broken') {
    response.writeHead(mood.status).end();
    return;
  }
  const ms = mood.is === 'slow' ? mood.ms : WORK_MS * (0.5 + Math.random());
  setTimeout(() => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ order: request.url, from: name, zone }));
  }, ms);
});

process.on('message', (said: Mood) => {
  mood = said;
});
// The director is gone: nobody would ever stop us.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));

const discovery = await createDiscovery({ zone });
await discovery.registerServer(server.listen(0, '127.0.0.1'), {
  app: 'orders',
  address: '127.0.0.1',
  zone,
  metadata: { name },
  heartbeatMs: 2_000,
  leaseMs: 6_000,
});
process.send?.('registered');
