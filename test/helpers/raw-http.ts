/** One HTTP exchange over a bare socket, for requests that a client library would put right before it sends them. */
import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case; of repeated ones the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly text: string;
}

/**
 * Sends `head` lines and `body` as they are, with `Host` and `Connection: close`, and reads until the server ends.
 *
 * @param head - request line and headers, without line ends
 * @throws when the server answers nothing that begins like HTTP
 */
export async function rawHttp(
  port: number,
  head: readonly string[],
  body: string | Uint8Array = '',
): Promise<RawAnswer> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body);
  const [line, ...headers] = head;
  const named = headers.some((header) => /^(content-length|transfer-encoding):/i.test(header));
  const length = bytes.length > 0 && !named ? [`Content-Length: ${bytes.length}`] : [];
  const start = [line, 'Host: registry', 'Connection: close', ...headers, ...length, '', ''].join('\r\n');
  return parse(await exchange(port, Buffer.concat([Buffer.from(start, 'latin1'), bytes])));
}

/** Sends bytes, and resolves with all that comes back until the other side closes. */
export function exchange(port: number, bytes: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A server may close before it has read everything; what it answered counts.
    socket.on('error', (error) => (chunks.length > 0 ? resolve(Buffer.concat(chunks)) : reject(error)));
    socket.on('close', () => resolve(Buffer.concat(chunks)));
  });
}

function parse(bytes: Buffer): RawAnswer {
  const end = bytes.indexOf('\r\n\r\n');
  const [first = '', ...lines] = bytes
    .subarray(0, end < 0 ? bytes.length : end)
    .toString('latin1')
    .split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1]);
  if (Number.isNaN(status)) throw new Error(`no HTTP answer: ${JSON.stringify(first.slice(0, 80))}`);
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  let body = end < 0 ? Buffer.alloc(0) : bytes.subarray(end + 4);
  if (headers['transfer-encoding'] === 'chunked') body = unchunked(body);
  return { status, headers, body, text: body.toString('utf8') };
}

function unchunked(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.subarray(at, end).toString('latin1'), 16);
    if (end < 0 || !(size > 0)) return Buffer.concat(parts);
    parts.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}
