/**
 * A response that is kept while the call is tried again elsewhere: its head and up to 64 KiB of its body. If nobody answers better it is given
 * to the caller after all, so that a 503 stays a 503; a larger body waits in its socket meanwhile.
 */
import type { Attempt } from './attempt.ts';
import type { CallHandler, RawHeaders } from './wire.ts';

const MAX_KEPT_BYTES = 64 * 1024;

export class ParkedResponse {
  readonly attempt: Attempt;
  readonly status: number;
  readonly #headers: RawHeaders;
  readonly #statusText: string;
  readonly #resume: () => void;
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** The socket was told to wait. */
  #held = false;
  #end: { readonly trailers: string[] | null } | { readonly error: Error } | undefined;
  #caller: CallHandler | undefined;
  #ended: (() => void) | undefined;
  #paused = false;

  constructor(attempt: Attempt, status: number, headers: RawHeaders, resume: () => void, statusText: string) {
    this.attempt = attempt;
    this.status = status;
    this.#headers = headers;
    this.#resume = resume;
    this.#statusText = statusText;
  }

  /** Its body has arrived, or broken off: the connection is free. */
  get complete(): boolean {
    return this.#end !== undefined;
  }

  /** Nobody wants it any more: nothing is given from now on. */
  forget(): void {
    this.#caller = undefined;
    this.#chunks = [];
  }

  /** @returns false: the socket must wait */
  data(chunk: Buffer): boolean {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#caller !== undefined) this.#flush();
    this.#held = this.#caller === undefined ? this.#bytes >= MAX_KEPT_BYTES : this.#chunks.length > 0;
    return !this.#held;
  }

  completed(trailers: string[] | null): void {
    this.#end = { trailers };
    if (this.#caller !== undefined) this.#flush();
  }

  failed(error: Error): void {
    this.#end = { error };
    if (this.#caller !== undefined) this.#flush();
  }

  /**
   * From now on the caller gets it: what was kept, then what still comes.
   *
   * @param ended - called once everything has been given
   */
  give(caller: CallHandler, ended: () => void): void {
    this.#caller = caller;
    this.#ended = ended;
    this.#paused = caller.onHeaders(this.status, this.#headers, this.#goOn, this.#statusText) === false;
    this.#flush();
  }

  readonly #goOn = (): void => {
    this.#paused = false;
    this.#flush();
  };

  #flush(): void {
    const caller = this.#caller;
    if (caller === undefined) return;
    while (!this.#paused && this.#chunks.length > 0) this.#paused = caller.onData(this.#chunks.shift()!) === false;
    if (this.#paused || this.#chunks.length > 0) return;
    if (this.#end === undefined) {
      if (!this.#held) return;
      this.#held = false;
      this.#resume();
      return;
    }
    this.#caller = undefined;
    this.#ended?.();
    if ('error' in this.#end) caller.onError(this.#end.error);
    else caller.onComplete(this.#end.trailers);
  }
}
