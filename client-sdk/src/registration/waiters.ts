/** Those who wait for the registry to acknowledge what they wished. */
export class Waiters {
  #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  /** Settles with the next `acknowledge` or `refuse`. */
  wait(): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  acknowledge(): void {
    if (this.#waiting.length === 0) return;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  refuse(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
