/** Starts listening; the returned function ends it. */
export type Subscribe<T> = (listener: (value: T) => void) => () => void;

/** One typed source of one kind of event. */
export class Emitter<T> {
  readonly #listeners = new Set<(value: T) => void>();

  /** Hand this out and keep `emit`: who may listen need not be able to fire. */
  readonly subscribe: Subscribe<T> = (listener) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Whether anybody listens: ask first where making the event costs something. */
  get heard(): boolean {
    return this.#listeners.size > 0;
  }

  /** @throws what a listener threw, once all have heard it: the first of several */
  emit(value: T): void {
    let failure: { readonly error: unknown } | undefined;
    // Over a copy: a listener added by a listener waits for the next event.
    for (const listener of [...this.#listeners]) {
      try {
        listener(value);
      } catch (error) {
        failure ??= { error };
      }
    }
    if (failure !== undefined) throw failure.error;
  }
}
