/**
 * The service `shop`, on Express: it registers, calls the service `orders` by its name, and leaves in order on SIGTERM.
 * Where the registry is comes from EUREKA_URL (or HEUREKA_URL); without one it is looked for at localhost:8761, and a missing one stops nothing.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { createDiscovery, DiscoveryError } from '@heureka/client-sdk';
import express, { type ErrorRequestHandler } from 'express';

// Named here, `orders` is a service even while nobody offers it; a name never heard of would be left to DNS.
const discovery = await createDiscovery({ services: { orders: {} } });
const app = express();

app.get('/v1/cart/:order', async (request, response) => {
  const answer = await discovery.fetch(`http://orders/v1/orders/${encodeURIComponent(request.params.order)}`);
  response.status(answer.status).json({ cart: 'yours', order: await answer.json() });
});

/** Long enough to stop the service meanwhile: the answer still comes. */
app.get('/v1/slow', async (_, response) => {
  await pause(1_000);
  response.json({ answered: true });
});

const failed: ErrorRequestHandler = (error, _request, response, _next) => {
  const reason = DiscoveryError.in(error);
  if (reason === undefined) console.error(error);
  response.status(reason === undefined ? 500 : 503).json({ error: reason?.code ?? 'ERR_INTERNAL' });
};
app.use(failed);

const server = app.listen(Number(process.env['PORT'] ?? 3000));
// Address and port are the server's. On SIGTERM: callers are told, requests on their way are answered, the lease is cancelled, the process ends.
const { instance } = await discovery.registerServer(server, { app: 'shop' });
console.log(`shop listens on ${instance.url}`);
