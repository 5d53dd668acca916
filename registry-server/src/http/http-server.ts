/** The listener: `node:http` or TLS, with the time-outs that keep slow and silent peers from holding it, and an orderly end. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { type Clock, sleep } from '@heureka/client-sdk/runtime';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { SILENCE_MS, SilentSockets } from './silent-sockets.ts';

export interface ListenOptions {
  /** Undefined: every address. */
  readonly host: string | undefined;
  /** 0: a free one. */
  readonly port: number;
  /** The flag that chooses the port, for the sentence about one in use; default `--port`. */
  readonly portOption?: string;
  readonly keepAliveMs: number;
  readonly headersMs: number;
  readonly requestMs: number;
  /** PEM texts; with `clientCa` only clients whose certificate it signed are let in. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
}

/** The port could not be had: said in one sentence. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** Answers a request, or says that it is not its own. */
export type FirstHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

/** How often Node looks for senders that are too slow. */
const CHECK_MS = 1_000;
const IDLE_CHECK_MS = 20;

export class HttpServer {
  readonly #server: Server;
  readonly #options: ListenOptions;
  readonly #clock: Clock;
  readonly #sockets = new Set<Socket>();
  readonly #silent: SilentSockets;
  #draining = false;

  /** @param first - asked first; what it leaves goes to `app` */
  constructor(options: ListenOptions, first: FirstHandler, app: Hono, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#silent = new SilentSockets(clock, SILENCE_MS);
    // Whoever runs this server inside a program of their own keeps their own global Request and Response.
    const rest = getRequestListener(app.fetch, { overrideGlobalObjects: false });
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      // Clients of a server that goes away should come back elsewhere.
      if (this.#draining) response.shouldKeepAlive = false;
      if (!first(request, response)) void rest(request, response);
    };
    const timing = {
      keepAliveTimeout: options.keepAliveMs,
      headersTimeout: options.headersMs,
      requestTimeout: options.requestMs,
      connectionsCheckingInterval: CHECK_MS,
      noDelay: true,
    };
    const { tls } = options;
    this.#server =
      tls === undefined
        ? createServer(timing, listener)
        : createTlsServer(
            {
              ...timing,
              cert: tls.cert,
              key: tls.key,
              ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }),
            },
            listener,
          );
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    // The one that HTTP speaks on; TLS has a time-out of its own before there is one.
    this.#server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) =>
      this.#silent.add(socket),
    );
  }

  /** @returns the port listened on. @throws {ListenError} */
  async listen(): Promise<number> {
    const { host, port, portOption = '--port' } = this.#options;
    this.#server.listen({ port, ...(host === undefined ? {} : { host }) });
    try {
      await once(this.#server, 'listening');
    } catch (error) {
      throw new ListenError(listenProblem(error as NodeJS.ErrnoException, host, port, portOption), { cause: error });
    }
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on every answer ends its connection. */
  drain(): void {
    this.#draining = true;
  }

  /** Stops accepting and waits for answers on their way, at most `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.#draining = true;
    if (!this.#server.listening) return;
    const waiting = new AbortController();
    const closed = once(this.#server, 'close').then(() => waiting.abort());
    this.#server.close();
    // Node counts a connection that has not asked yet as busy.
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy();
    const patientUntil = this.#clock.monotonic() + graceMs;
    while (this.#clock.monotonic() < patientUntil && !waiting.signal.aborted) {
      // Again and again: a connection becomes idle when its answer has gone.
      this.#server.closeIdleConnections();
      await sleep(this.#clock, IDLE_CHECK_MS, waiting.signal, { keepAlive: true });
    }
    this.#server.closeAllConnections();
    // One whose TLS handshake goes on is no connection of HTTP's yet.
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    this.#silent.stop();
  }
}

function listenProblem(
  { code, message }: NodeJS.ErrnoException,
  host: string | undefined,
  port: number,
  portOption: string,
): string {
  const place = host === undefined ? `port ${port}` : `${host}:${port}`;
  switch (code) {
    case 'EADDRINUSE':
      return `${place} is in use by another program; choose another with ${portOption}.`;
    case 'EACCES':
      return `${place} may not be used by this user; ports below 1024 often need a privilege.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is no address of this machine.`;
    default:
      return `Cannot listen on ${place}: ${message}`;
  }
}
