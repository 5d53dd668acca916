/** One signal out of the caller's and our own reasons to stop; it leaves no listener behind once ended. */
export class AbortLink {
  readonly #own = new AbortController();
  readonly #parent: AbortSignal | undefined;
  readonly #abort = (): void => this.#own.abort(this.#parent?.reason);

  /** @param parent - the caller's; undefined: none */
  constructor(parent: AbortSignal | undefined) {
    this.#parent = parent;
    if (parent?.aborted) this.#abort();
    else parent?.addEventListener('abort', this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#own.signal;
  }

  abort(reason: Error): void {
    this.#own.abort(reason);
  }

  end(): void {
    this.#parent?.removeEventListener('abort', this.#abort);
  }

  /** What to throw for an error of what the signal ended: the caller's reason as it is, everything else as `failure` has it. */
  reason(error: unknown, failure: (cause: unknown) => unknown): unknown {
    if (this.#parent?.aborted) return this.#parent.reason;
    return failure(this.#own.signal.aborted ? this.#own.signal.reason : error);
  }
}
