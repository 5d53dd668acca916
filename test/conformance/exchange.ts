/** One HTTP exchange by `node:http` or `node:https`, which sends the path as it is written: no client library may tidy what a case is about. */
import { Agent, request as plainRequest } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { gunzipSync } from 'node:zlib';

export interface Asked {
  readonly method: string;
  /** From the server's root, as sent. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Decompressed, as UTF-8. */
  readonly body: string;
  /** Bytes on the wire. */
  readonly length: number;
}

const CONNECTIONS = { keepAlive: true, maxSockets: 8 };
const agent = new Agent(CONNECTIONS);
const tlsAgent = new TlsAgent(CONNECTIONS);
const TIMEOUT_MS = 10_000;

/** @throws when no answer came within 10 s, or the connection failed */
export function exchange(origin: string, asked: Asked): Promise<Answered> {
  const { protocol, hostname, port } = new URL(origin);
  const tls = protocol === 'https:';
  const request = tls ? tlsRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        // A URL brackets an IPv6 address, and a socket does not.
        hostname: hostname.replace(/^\[|\]$/g, ''),
        port,
        agent: tls ? tlsAgent : agent,
        method: asked.method,
        path: asked.path,
        headers: {
          ...asked.headers,
          ...(asked.body === undefined ? {} : { 'content-length': Buffer.byteLength(asked.body) }),
        },
        timeout: TIMEOUT_MS,
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const zipped = answer.headers['content-encoding'] === 'gzip' && bytes.length > 0;
          const headers: Record<string, string> = {};
          for (const [name, value] of Object.entries(answer.headers)) headers[name] = String(value);
          resolve({
            status: answer.statusCode ?? 0,
            headers,
            body: (zipped ? gunzipSync(bytes) : bytes).toString('utf8'),
            length: bytes.length,
          });
        });
      },
    );
    sent.on('timeout', () =>
      sent.destroy(new Error(`no answer to ${asked.method} ${asked.path} within ${TIMEOUT_MS} ms`)),
    );
    sent.on('error', reject);
    sent.end(asked.body);
  });
}
