/**
 * Where changes wait while it is not known what this node may do: the store is lost for less than a blip, or is being joined. Shutting it also
 * releases those who wait for the store's word, as it may not come.
 */
export class Gate {
  #shut: Latch | undefined;
  #lost = newLatch();

  /** Resolves when changes may be made, or refused for a known reason. */
  get open(): Promise<void> {
    return this.#shut?.settled ?? Promise.resolve();
  }

  /** Settles when the gate is shut; settled while it is. */
  get lost(): Promise<void> {
    return this.#shut === undefined ? this.#lost.settled : Promise.resolve();
  }

  shut(): void {
    if (this.#shut !== undefined) return;
    this.#shut = newLatch();
    this.#lost.settle();
    this.#lost = newLatch();
  }

  pass(): void {
    this.#shut?.settle();
    this.#shut = undefined;
  }
}

interface Latch {
  readonly settled: Promise<void>;
  readonly settle: () => void;
}

function newLatch(): Latch {
  let settle: () => void = () => undefined;
  const settled = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { settled, settle };
}
