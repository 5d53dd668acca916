/**
 * Where changes wait while it is not known what this node may do: the store is lost for less than a blip, or is being joined. Shutting it also
 * releases those who wait for the store's word, as it may not come.
 */
export class Gate {
  #shut: Latch | undefined;
  /** Who waits for the store's word. Each leaves when its own work is done: one promise for all would keep a reaction of each until an outage. */
  readonly #waiting = new Set<() => void>();

  /** Resolves when changes may be made, or refused for a known reason. */
  get open(): Promise<void> {
    return this.#shut?.settled ?? Promise.resolve();
  }

  /** How many wait for the store's word. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** @returns true when `work` is done, false once the gate is shut before. @throws what `work` throws */
  whileOpen(work: Promise<unknown>): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const lost = (): void => resolve(false);
      if (this.#shut === undefined) this.#waiting.add(lost);
      else lost();
      work
        .then(() => resolve(true), reject)
        .finally(() => {
          this.#waiting.delete(lost);
        });
    });
  }

  shut(): void {
    if (this.#shut !== undefined) return;
    this.#shut = newLatch();
    for (const lost of this.#waiting) lost();
    this.#waiting.clear();
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
