/** All that is not the protocol: health, metrics, the front page. By Hono, with JSON bodies for errors; nothing here is hot. */
import { Hono } from 'hono';
import type { NodeState } from '../registry/node-state.ts';

/** Answers that `observe/` makes; this file gives them paths. */
export interface WebParts {
  readonly state: () => NodeState;
  /** All that is said of this node: whether it is ready, and why. */
  readonly readiness: () => { readonly ready: boolean };
  readonly storeHealth: (state: NodeState) => object;
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  /** Whether this listener shows `/metrics`. */
  readonly withMetrics: boolean;
  readonly failed: (error: unknown) => void;
}

export function webApp(parts: WebParts): Hono {
  const app = new Hono();
  app.get('/health/live', (context) => context.json({ status: 'UP' }));
  app.get('/health/ready', (context) => {
    const { ready, ...rest } = parts.readiness();
    return context.json({ status: ready ? 'UP' : 'OUT_OF_SERVICE', ...rest }, ready ? 200 : 503);
  });
  app.get('/health/store', (context) => context.json(parts.storeHealth(parts.state())));
  if (parts.withMetrics) {
    app.get('/metrics', async (context) =>
      context.body(await parts.metrics.text(), 200, { 'content-type': parts.metrics.contentType }),
    );
  }
  app.notFound((context) => context.json({ error: 'no such path; the registry is below /eureka' }, 404));
  app.onError((error, context) => {
    parts.failed(error);
    return context.json({ error: 'a fault of this server; its log says more' }, 500);
  });
  return app;
}
