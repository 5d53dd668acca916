import type { Subscribe } from '../runtime/emitter.ts';

/**
 * The present value, then each later one, as an endless iteration: a reader that is slow gets the newest and misses what lay between.
 * It ends when `signal` aborts or the reader leaves its loop; nothing is held before somebody iterates.
 *
 * @param changes - reports values that may be passed on; each reader subscribes once
 */
export function watch<T>(present: () => T, changes: Subscribe<T>, signal?: AbortSignal): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => new Watch(present(), changes, signal) };
}

class Watch<T> implements AsyncIterator<T, undefined> {
  #newest: { readonly value: T } | undefined;
  #readers: ((result: IteratorResult<T, undefined>) => void)[] = [];
  #ended = false;
  readonly #stop: () => void;

  constructor(first: T, changes: Subscribe<T>, signal: AbortSignal | undefined) {
    this.#newest = { value: first };
    const end = (): void => this.#end();
    const unsubscribe = changes((value) => this.#offer(value));
    this.#stop = () => {
      unsubscribe();
      signal?.removeEventListener('abort', end);
    };
    if (signal?.aborted) this.#end();
    else signal?.addEventListener('abort', end, { once: true });
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    const newest = this.#newest;
    if (newest === undefined) return new Promise((resolve) => this.#readers.push(resolve));
    this.#newest = undefined;
    return Promise.resolve({ done: false, value: newest.value });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  #offer(value: T): void {
    const reader = this.#readers.shift();
    if (reader === undefined) this.#newest = { value };
    else reader({ done: false, value });
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stop();
    this.#newest = undefined;
    for (const reader of this.#readers.splice(0)) reader({ done: true, value: undefined });
  }
}
