/** A fixed list of instances instead of a registry: for tests, and for services that stand still. */
import type { Instance, InstanceSource, SourceHandler } from '../api.ts';

export class StaticSource implements InstanceSource {
  readonly #instances: readonly Instance[];

  constructor(instances: readonly Instance[]) {
    // Copied: who gave the list may go on working with it.
    this.#instances = instances.map((instance) => ({ ...instance, app: instance.app.toLowerCase() }));
  }

  async open(handler: SourceHandler, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    handler.snapshot(this.#instances);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }
}
