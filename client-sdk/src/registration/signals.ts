/**
 * Drains on a signal, and leaves the end of the process to whom it belongs.
 *
 * A listener takes away what Node does by itself, which is to end the process. So when ours is the only one, the signal is raised again after
 * the drain (at once, when it comes a second time), and the process ends as if we had not been there. Where the program listens too, the exit
 * is its business. `process.exit` is never called.
 */

/** The part of `process` that this needs. */
export interface SignalProcess {
  readonly pid: number;
  prependListener(signal: NodeJS.Signals, listener: () => void): unknown;
  removeListener(signal: NodeJS.Signals, listener: () => void): unknown;
  // Node's own type; ours are found among them by their mark.
  listeners(signal: NodeJS.Signals): readonly object[];
  kill(pid: number, signal: NodeJS.Signals): unknown;
}

/** On every listener of ours, whichever copy of this package made it: several registrations are one party. */
const OURS = Symbol.for('heureka.signal-listener');

export class SignalDrain {
  readonly #process: SignalProcess;
  readonly #drain: () => Promise<void>;
  readonly #listeners = new Map<NodeJS.Signals, () => void>();
  #draining = false;

  /** @param drain - must not reject */
  constructor(process: SignalProcess, signals: readonly NodeJS.Signals[], drain: () => Promise<void>) {
    this.#process = process;
    this.#drain = drain;
    for (const signal of new Set(signals)) {
      const listener = Object.assign(() => this.#received(signal), { [OURS]: true });
      this.#listeners.set(signal, listener);
      // First of all: a listener of the program's for one time would be gone by the time a later one looks.
      process.prependListener(signal, listener);
    }
  }

  /** Ends listening; a drain that a signal began still raises it again. */
  dispose(): void {
    if (!this.#draining) this.#stop();
  }

  #received(signal: NodeJS.Signals): void {
    const alone = this.#process.listeners(signal).every((listener) => OURS in listener);
    if (this.#draining) {
      if (alone) this.#raise(signal);
      return;
    }
    this.#draining = true;
    void this.#drain().finally(() => {
      if (alone) this.#raise(signal);
      else this.#stop();
    });
  }

  /** Other registrations of the process may still be draining: the last one raises it. */
  #raise(signal: NodeJS.Signals): void {
    const listening = this.#listeners.size > 0;
    this.#stop();
    if (listening && this.#process.listeners(signal).length === 0) this.#process.kill(this.#process.pid, signal);
  }

  #stop(): void {
    for (const [signal, listener] of this.#listeners) this.#process.removeListener(signal, listener);
    this.#listeners.clear();
  }
}
