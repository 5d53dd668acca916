/**
 * The service `stock`, on Hono for Node: it registers, asks the service `orders` by its name, and leaves in order on SIGTERM.
 * That `orders` asks `stock` too is no difficulty: each finds the other when it calls, not when it starts.
 */
import { createServer } from 'node:http';
import { createDiscovery, DiscoveryError } from '@heureka/client-sdk';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';

// Named here, `orders` is a service even while nobody offers it; a name never heard of would be left to DNS.
const discovery = await createDiscovery({ services: { orders: {} } });
const app = new Hono();

app.get('/v1/stock/:item', (context) => context.json({ item: context.req.param('item'), left: 7 }));

app.get('/v1/stock/:item/demand', async (context) => {
  const answer = await discovery.fetch(`http://orders/v1/demand/${encodeURIComponent(context.req.param('item'))}`);
  const { wanted } = (await answer.json()) as { wanted: number };
  return context.json({ item: context.req.param('item'), left: 7, wanted });
});

app.onError((error, context) => {
  const reason = DiscoveryError.in(error);
  if (reason === undefined) console.error(error);
  return context.json({ error: reason?.code ?? 'ERR_INTERNAL' }, reason === undefined ? 500 : 503);
});

const server = createServer(getRequestListener(app.fetch)).listen(Number(process.env['PORT'] ?? 3002));
const { instance } = await discovery.registerServer(server, { app: 'stock' });
console.log(`stock listens on ${instance.url}`);
