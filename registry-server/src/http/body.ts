/** Reads request bodies within limits: size, size once decompressed, and UTF-8. */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

/** A body that is refused, with the status that says why. */
export class BodyRefused extends Error {
  override readonly name = 'BodyRefused';
  constructor(
    readonly status: 400 | 413 | 415,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}

/** The client went away while it sent: nothing to answer, and nothing to log. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

const unzip = promisify(gunzip);

/**
 * The body as text, decompressed if it says so; a byte order mark is dropped, broken UTF-8 becomes U+FFFD, as stock does.
 *
 * @param limit - bytes, on the wire and decompressed alike
 * @throws {BodyRefused} too large, or not what its Content-Encoding says
 * @throws {ClientGone} when the request ends early
 */
export async function readText(request: IncomingMessage, limit: number): Promise<string> {
  const bytes = await readBytes(request, limit);
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity' || encoding === '') return decoded(bytes);
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    throw new BodyRefused(415, `a body may be plain or gzip, not ${encoding}`);
  }
  try {
    // The limit stops inflating, so that a bomb costs no more than a body of full size.
    return decoded(await unzip(bytes, { maxOutputLength: limit }));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw new BodyRefused(413, tooLarge(limit), { cause: error });
    throw new BodyRefused(400, 'the body is not gzip', { cause: error });
  }
}

function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    return Promise.reject(new BodyRefused(413, tooLarge(limit)));
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let over = false;
    const done = (): void => {
      over = true;
      request.removeAllListeners('data').removeAllListeners('end');
    };
    request.on('data', (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size > limit) {
        done();
        reject(new BodyRefused(413, tooLarge(limit)));
        return;
      }
      chunks.push(chunk);
    });
    request.on('end', () => {
      done();
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size));
    });
    // A request that was read whole closes too, and an error with its stack costs as much as a tenth of a registration.
    const gone = (error?: Error): void => {
      if (over) return;
      done();
      reject(new ClientGone('the request ended early', error === undefined ? undefined : { cause: error }));
    };
    request.on('error', gone);
    request.on('close', gone);
  });
}

function decoded(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function tooLarge(limit: number): string {
  return `the body is larger than ${limit} bytes`;
}
