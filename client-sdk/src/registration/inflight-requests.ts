/** Requests on their way through the user's server, so that a drain can wait for them. The server itself is never closed by us. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** What a drain needs of whoever serves. */
export interface Inflight {
  /** From now on answers tell callers to come back on another connection. */
  closing(): void;
  /** Resolves once no request is on its way. */
  idle(): Promise<void>;
  /** Leaves the server as it was, unless it is closing: late callers are still told to go. */
  dispose(): void;
}

export class InflightRequests implements Inflight {
  readonly #server: Server;
  readonly #open = new Set<ServerResponse>();
  #closing = false;
  #waiting: (() => void)[] = [];

  /** @param server - http or https; upgraded connections are not counted */
  constructor(server: Server) {
    this.#server = server;
    // Before the program's own listener, which may answer at once.
    server.prependListener('request', this.#began);
  }

  /** Requests on their way now. */
  get count(): number {
    return this.#open.size;
  }

  closing(): void {
    this.#closing = true;
    for (const response of this.#open) lastOnItsConnection(response);
  }

  idle(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  dispose(): void {
    if (!this.#closing) this.#server.removeListener('request', this.#began);
  }

  readonly #began = (_: IncomingMessage, response: ServerResponse): void => {
    this.#open.add(response);
    if (this.#closing) lastOnItsConnection(response);
    response.once('close', () => {
      this.#open.delete(response);
      if (this.#open.size === 0) for (const resolve of this.#waiting.splice(0)) resolve();
    });
  };
}

/** Node then says `connection: close`, unless the head is out already. */
function lastOnItsConnection(response: ServerResponse): void {
  if (!response.headersSent) response.shouldKeepAlive = false;
}
