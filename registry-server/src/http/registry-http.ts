/** The server's HTTP side put together from its ports: protocol paths, health and metrics, on one listener or two. */
import type { Clock, Random } from '@heureka/client-sdk/runtime';
import type { NodeState } from '../registry/node-state.ts';
import { Callers } from './callers.ts';
import { HttpServer, type ListenOptions } from './http-server.ts';
import type { ProtocolParts } from './parts.ts';
import { type ListenerParts, ProtocolListener } from './protocol-listener.ts';
import { Router } from './router.ts';
import { BASE_PATHS, protocolRoutes } from './routes.ts';
import { type WebParts, webApp } from './web.ts';

export interface RegistryHttpParts extends ProtocolParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly listen: ListenOptions;
  /** A second listener for metrics and health, which then leaves metrics to it. */
  readonly adminPort: number | undefined;
  readonly trustProxy: number;
  readonly readiness: WebParts['readiness'];
  readonly storeHealth: WebParts['storeHealth'];
  readonly metrics: WebParts['metrics'] & { readonly answered: ListenerParts['answered'] };
  /** A fault of ours, to be logged; `what` names the request by method and path. */
  readonly failed: (error: unknown, what: string) => void;
}

export class RegistryHttp {
  readonly #main: HttpServer;
  readonly #admin: HttpServer | undefined;

  constructor(parts: RegistryHttpParts) {
    const { clock, listen, adminPort, metrics, failed } = parts;
    const protocol = new ProtocolListener({
      router: new Router(BASE_PATHS, protocolRoutes(parts)),
      callers: new Callers(parts.trustProxy, parts.random),
      ledger: parts.ledger,
      answered: metrics.answered,
      failed: (error, request) => failed(error, `${request.method} ${request.url}`),
    });
    const web = (withMetrics: boolean) =>
      webApp({
        state: (): NodeState => parts.ledger.state,
        readiness: parts.readiness,
        storeHealth: parts.storeHealth,
        metrics,
        withMetrics,
        failed: (error) => failed(error, 'a page'),
      });
    const first = protocol.handle.bind(protocol);
    this.#main = new HttpServer(listen, first, web(adminPort === undefined), clock);
    if (adminPort !== undefined) {
      const { tls: _, ...plain } = listen;
      this.#admin = new HttpServer(
        { ...plain, port: adminPort, portOption: '--admin-port' },
        () => false,
        web(true),
        clock,
      );
    }
  }

  /** @returns the port of the protocol. @throws ListenError */
  async listen(): Promise<number> {
    const port = await this.#main.listen();
    try {
      await this.#admin?.listen();
    } catch (error) {
      await this.#main.close(0);
      throw error;
    }
    return port;
  }

  /** From now on every answer ends its connection. */
  drain(): void {
    this.#main.drain();
  }

  /** Stops accepting and waits for answers on their way, at most `graceMs`. */
  async close(graceMs: number): Promise<void> {
    await Promise.all([this.#main.close(graceMs), this.#admin?.close(graceMs)]);
  }
}
