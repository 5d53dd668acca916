/**
 * The service `orders`, on Fastify: it registers, asks the service `stock` by its name, and leaves in order on SIGTERM.
 * It calls with `discovery.request`, which is several times cheaper than any fetch and made of the same parts.
 */
import { createDiscovery, DiscoveryError } from '@heureka/client-sdk';
import Fastify from 'fastify';

// Named here, `stock` is a service even while nobody offers it; a name never heard of would be left to DNS.
const discovery = await createDiscovery({ services: { stock: {} } });
const app = Fastify();

app.get<{ Params: { order: string } }>('/v1/orders/:order', async ({ params }) => {
  const { body } = await discovery.request({ service: 'stock', path: '/v1/stock/lamp' });
  return { order: params.order, item: 'lamp', stock: await body.json() };
});

/** How many orders want an item: what `stock` asks us. */
app.get<{ Params: { item: string } }>('/v1/demand/:item', async ({ params }) => ({ item: params.item, wanted: 3 }));

app.setErrorHandler((error, _request, reply) => {
  const reason = DiscoveryError.in(error);
  if (reason === undefined) console.error(error);
  return reply.status(reason === undefined ? 500 : 503).send({ error: reason?.code ?? 'ERR_INTERNAL' });
});

await app.listen({ port: Number(process.env['PORT'] ?? 3001), host: '0.0.0.0' });
const { instance } = await discovery.registerServer(app.server, { app: 'orders' });
console.log(`orders listens on ${instance.url}`);
