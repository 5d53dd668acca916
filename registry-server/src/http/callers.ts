/** Who a request comes from: the address behind trusted proxies, the name in a client certificate, and an id for the logs. */
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Random } from '@heureka/client-sdk/runtime';

export class Callers {
  readonly #trustProxy: number;
  readonly #run: string;
  #count = 0;

  /** @param trustProxy - how many proxies in front of us append to `X-Forwarded-For`; 0: none, the header is ignored */
  constructor(trustProxy: number, random: Random) {
    this.#trustProxy = trustProxy;
    this.#run = Math.floor(random() * 36 ** 6)
      .toString(36)
      .padStart(6, '0');
  }

  /** The client's address; with `trustProxy` n, the n-th from the right of `X-Forwarded-For`, which a client cannot forge. */
  address(request: IncomingMessage): string {
    const direct = request.socket.remoteAddress ?? 'unknown';
    if (this.#trustProxy === 0) return direct;
    const header = request.headers['x-forwarded-for'];
    const forwarded = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').map((part) => part.trim());
    const client = forwarded.at(-this.#trustProxy);
    return client === undefined || !/^[0-9a-fA-F.:[\]]{2,60}$/.test(client) ? direct : client;
  }

  /** The common name of a verified client certificate, else `anonymous`. */
  principal(request: IncomingMessage): string {
    const { socket } = request;
    if (!(socket instanceof TLSSocket) || !socket.authorized) return 'anonymous';
    const name = socket.getPeerCertificate()?.subject?.CN;
    return (Array.isArray(name) ? name[0] : name) ?? 'anonymous';
  }

  /** The client's own `X-Request-Id` where it is a plain word, else one of ours. */
  requestId(request: IncomingMessage): string {
    const given = request.headers['x-request-id'];
    if (typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given)) return given;
    this.#count++;
    return `${this.#run}-${this.#count.toString(36)}`;
  }
}
