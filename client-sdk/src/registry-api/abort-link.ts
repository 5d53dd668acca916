/** One signal out of the caller's, the client's end, and our own time-outs; leaves no listener behind once ended. */
export class AbortLink {
  readonly #own = new AbortController();
  readonly #parents: readonly AbortSignal[];
  readonly #abort = (event: Event): void => this.#own.abort((event.target as AbortSignal).reason);

  constructor(...parents: readonly (AbortSignal | undefined)[]) {
    this.#parents = parents.filter((parent) => parent !== undefined);
    for (const parent of this.#parents) {
      if (parent.aborted) this.#own.abort(parent.reason);
      else parent.addEventListener('abort', this.#abort, { once: true });
    }
  }

  get signal(): AbortSignal {
    return this.#own.signal;
  }

  abort(reason: Error): void {
    this.#own.abort(reason);
  }

  end(): void {
    for (const parent of this.#parents) parent.removeEventListener('abort', this.#abort);
  }

  /** What to throw for an error of what the signal ended: a parent's reason as it is, everything else as `failure` has it. */
  reason(error: unknown, failure: (cause: unknown) => unknown): unknown {
    const parent = this.#parents.find(({ aborted }) => aborted);
    if (parent !== undefined) return parent.reason;
    return failure(this.#own.signal.aborted ? this.#own.signal.reason : error);
  }
}
