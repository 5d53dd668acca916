/** The SDK's own line to registries, on connections of its own: neither the process's dispatcher nor our balancer sees these requests. */
import type { RegistryOptions } from '../api.ts';
import { ConnectionFailed, type HttpAnswer, type HttpClient, type HttpRequest } from '../registry-api/http-client.ts';
import { Agent, type Dispatcher } from './undici.ts';

export interface UndiciHttpClientOptions {
  readonly tls?: RegistryOptions['tls'];
  /** Longest time to a standing connection, in ms; TLS included. */
  readonly connectMs?: number;
}

const CONNECT_MS = 5_000;
/** A list, a heartbeat and a stream at once, and some more where several services register from one process. */
const CONNECTIONS = 16;
/** Longer than two heartbeats lie apart; a server that says less in `keep-alive` is believed. */
const KEEP_ALIVE_MS = 30_000;
/** Error pages are shorter; beyond this a new connection costs less than reading on. */
const DISCARD_BYTES = 65_536;
/** Codes of connections that stood and broke. */
const BROKE = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

export class UndiciHttpClient implements HttpClient {
  readonly #agent: Agent;

  constructor({ tls, connectMs = CONNECT_MS }: UndiciHttpClientOptions = {}) {
    this.#agent = new Agent({
      connections: CONNECTIONS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // Time-outs are the caller's, by its signal: undici's own tick in half seconds.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { ...tlsOf(tls), timeout: connectMs },
    });
  }

  request({ method, origin, path, headers, body, signal }: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      let over = false;
      // undici hears the signal only once a connection stands: a request that waits for one would outlive its abort.
      const aborted = (): void => {
        over = true;
        reject(signal.reason);
      };
      signal.addEventListener('abort', aborted, { once: true });
      const asked = this.#agent.request({ method, origin, path, headers, body: body ?? null, signal });
      asked.then(
        (answer) => {
          signal.removeEventListener('abort', aborted);
          // Aborts may come while nobody reads.
          answer.body.on('error', () => undefined);
          if (over) answer.body.destroy();
          else resolve(answered(answer));
        },
        (error: unknown) => {
          signal.removeEventListener('abort', aborted);
          reject(signal.aborted ? signal.reason : failed(error));
        },
      );
    });
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}

function answered({ statusCode, headers, body }: Dispatcher.ResponseData): HttpAnswer {
  return {
    status: statusCode,
    headers,
    body,
    discard: () => {
      body.dump({ limit: DISCARD_BYTES }).catch(() => undefined);
    },
  };
}

function failed(error: unknown): ConnectionFailed {
  const { code, message } = deepest(error);
  return new ConnectionFailed(message || code || 'no answer', code !== undefined && BROKE.has(code), { cause: error });
}

/** A name with several addresses fails with one error for each; the first says enough. */
function deepest(error: unknown): { code: string | undefined; message: string } {
  if (error instanceof AggregateError && error.errors.length > 0) return deepest(error.errors[0]);
  if (!(error instanceof Error)) return { code: undefined, message: String(error) };
  const { code } = error as NodeJS.ErrnoException;
  return { code: typeof code === 'string' ? code : undefined, message: error.message };
}

function tlsOf(tls: RegistryOptions['tls']): Record<string, unknown> {
  if (tls === undefined) return {};
  const given: Record<string, unknown> = {};
  for (const name of ['ca', 'cert', 'key', 'servername'] as const) {
    const value = tls[name];
    if (value !== undefined) given[name] = value instanceof Uint8Array ? Buffer.from(value) : value;
  }
  return given;
}
