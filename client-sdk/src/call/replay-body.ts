/**
 * A request body that comes piece by piece (a stream, a generator) made fit to be sent more than once: what was read is kept, up to a bound,
 * and read again by the next attempt, which then goes on with the source. Beyond the bound only the attempt that reads now can finish.
 *
 * It is no stream, on purpose: undici destroys a stream when an attempt dies, and calls `return()` of an iterator, which stays here.
 */

type Piece = Uint8Array | string;

export class ReplayBody implements AsyncIterable<Piece> {
  readonly #source: AsyncIterator<Piece> | Iterator<Piece>;
  readonly #maxBytes: number;
  #kept: Piece[] = [];
  #keptBytes = 0;
  #whole = true;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #pulling: Promise<Piece | undefined> | undefined;
  /** The iterator that may read: the latest. */
  #reader = 0;

  constructor(source: AsyncIterable<Piece> | Iterable<Piece>, maxBytes: number) {
    // A Node stream that fails before anybody reads it would end the process.
    if ('on' in source && typeof source.on === 'function') {
      source.on('error', (error: unknown) => {
        this.#failure ??= { error };
      });
    }
    this.#source = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    this.#maxBytes = maxBytes;
  }

  /** Everything that was read is still here: another attempt can send the same. */
  get replayable(): boolean {
    return this.#whole;
  }

  /** Its source failed: the caller's affair, not the instance's. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  [Symbol.asyncIterator](): AsyncIterator<Piece> {
    const reader = ++this.#reader;
    let at = 0;
    return {
      next: async () => {
        if (reader !== this.#reader) return { done: true, value: undefined };
        if (at < this.#kept.length) return { done: false, value: this.#kept[at++]! };
        if (this.#failure !== undefined) throw this.#failure.error;
        if (this.#ended) return { done: true, value: undefined };
        this.#pulling ??= this.#pull();
        const piece = await this.#pulling;
        if (piece === undefined) return { done: true, value: undefined };
        // Read by another attempt meanwhile: it has kept it, if it was to be kept.
        if (reader !== this.#reader) return { done: true, value: undefined };
        at++;
        return { done: false, value: piece };
      },
      return: () => Promise.resolve({ done: true, value: undefined }),
    };
  }

  /** The call is over: the source may let go of what it holds. */
  release(): void {
    this.#reader++;
    this.#kept = [];
    if (this.#ended) return;
    this.#ended = true;
    // A generator that is reading would answer only after that; nobody waits.
    void Promise.resolve(this.#source.return?.()).catch(() => undefined);
  }

  async #pull(): Promise<Piece | undefined> {
    try {
      const { done, value } = await this.#source.next();
      if (done === true) {
        this.#ended = true;
        return undefined;
      }
      this.#keep(value);
      return value;
    } catch (error) {
      this.#failure = { error };
      throw error;
    } finally {
      this.#pulling = undefined;
    }
  }

  #keep(piece: Piece): void {
    if (!this.#whole) return;
    this.#keptBytes += typeof piece === 'string' ? Buffer.byteLength(piece) : piece.byteLength;
    if (this.#keptBytes <= this.#maxBytes) {
      this.#kept.push(piece);
      return;
    }
    this.#whole = false;
    this.#kept = [];
  }
}

/** A body that waits to be sent may fail meanwhile: its reader will hear of it, the process must not. */
export function holdErrors(body: unknown): void {
  if (body !== null && typeof body === 'object' && 'on' in body && typeof body.on === 'function') {
    body.on('error', () => undefined);
  }
}

/** Whether a body must be wrapped to be sent twice; the others (text, bytes, Blob, FormData) can be sent as they are, any number of times. */
export function comesInPieces(body: unknown): body is AsyncIterable<Piece> | Iterable<Piece> {
  if (body === null || typeof body !== 'object') return false;
  if (ArrayBuffer.isView(body) || body instanceof ArrayBuffer) return false;
  if (Symbol.asyncIterator in body) return true;
  // FormData is iterable too, and undici encodes it anew each time.
  return Symbol.iterator in body && !('append' in body);
}
