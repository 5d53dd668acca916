/** The whole of an answer as text: within limits, whatever a server sends. */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { HttpAnswer } from './http-client.ts';

export interface TextLimits {
  /** Bytes on the wire. */
  readonly encoded: number;
  /** Bytes after decompression. */
  readonly decoded: number;
}

/** A registry of 100,000 instances is some 120 MB of JSON, and a tenth of that compressed. */
export const TEXT_LIMITS: TextLimits = { encoded: 268_435_456, decoded: 268_435_456 };

/** An answer that is refused: too large, or in an encoding nobody asked for. */
export class UnreadableAnswer extends Error {
  override readonly name = 'UnreadableAnswer';
}

const inflate = promisify(gunzip);

/**
 * Reads on past nothing: the connection is dropped as soon as a limit is passed.
 *
 * @param heard - called for each piece that comes, for idle time-outs
 * @throws {UnreadableAnswer}
 */
export async function answerText(answer: HttpAnswer, limits: TextLimits, heard: () => void): Promise<string> {
  const encoding = contentEncoding(answer);
  const limit = encoding === 'gzip' ? limits.encoded : Math.min(limits.encoded, limits.decoded);
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of answer.body) {
    heard();
    size += piece.byteLength;
    if (size > limit) throw new UnreadableAnswer(`more than ${limit} bytes`);
    pieces.push(piece);
  }
  const bytes = pieces.length === 1 ? Buffer.from(pieces[0]!) : Buffer.concat(pieces);
  return encoding === 'gzip' && size > 0 ? unzipped(bytes, limits.decoded) : bytes.toString('utf8');
}

async function unzipped(bytes: Buffer, maxOutputLength: number): Promise<string> {
  try {
    return (await inflate(bytes, { maxOutputLength })).toString('utf8');
  } catch (error) {
    const large = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw new UnreadableAnswer(large ? `more than ${maxOutputLength} bytes when decompressed` : 'broken gzip data', {
      cause: error,
    });
  }
}

function contentEncoding({ headers }: HttpAnswer): 'gzip' | 'identity' {
  const named = String(headers['content-encoding'] ?? 'identity')
    .trim()
    .toLowerCase();
  if (named === 'gzip' || named === 'x-gzip') return 'gzip';
  if (named === 'identity' || named === '') return 'identity';
  throw new UnreadableAnswer(`content-encoding ${JSON.stringify(named.slice(0, 40))}, only gzip was offered`);
}
