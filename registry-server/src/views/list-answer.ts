/** One list as bytes; compressed when somebody first wants it so, once for all who do. */
import { gzip, gzipSync } from 'node:zlib';
import type { EncodedAnswer } from './views.ts';

/** Above this many bytes of text, compression leaves the main thread. */
const ASIDE_BYTES = 64 * 1024;

export class ListAnswer {
  readonly #plain: EncodedAnswer;
  #packed: EncodedAnswer | Promise<EncodedAnswer> | undefined;

  constructor(etag: string, text: string) {
    this.#plain = answer(etag, Buffer.from(text));
  }

  get etag(): string {
    return this.#plain.etag;
  }

  get length(): number {
    return this.#plain.length;
  }

  as(encoding: 'identity' | 'gzip'): EncodedAnswer | Promise<EncodedAnswer> {
    if (encoding === 'identity') return this.#plain;
    this.#packed ??= this.#pack();
    return this.#packed;
  }

  #pack(): EncodedAnswer | Promise<EncodedAnswer> {
    const { etag, length, chunks } = this.#plain;
    if (length <= ASIDE_BYTES) return answer(etag, gzipSync(chunks[0]!));
    const packed = new Promise<EncodedAnswer>((resolve, reject) => {
      gzip(chunks[0]!, (error, bytes) => {
        if (error === null) {
          this.#packed = answer(etag, bytes);
          resolve(this.#packed);
        } else {
          // The next reader tries again.
          this.#packed = undefined;
          reject(error);
        }
      });
    });
    return packed;
  }
}

function answer(etag: string, bytes: Uint8Array): EncodedAnswer {
  return { etag, length: bytes.length, chunks: [bytes] };
}
