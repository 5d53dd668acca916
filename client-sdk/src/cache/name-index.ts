/**
 * Which applications have instances under a VIP or secure VIP, without case. It holds counts, not instances: a VIP belongs to one application
 * almost always, whose instances are then asked.
 */
import type { Instance } from '../api.ts';

export class NameIndex {
  readonly #of: (instance: Instance) => readonly string[];
  /** By name in lower case: how many instances of each application. */
  readonly #apps = new Map<string, Map<string, number>>();

  constructor(of: (instance: Instance) => readonly string[]) {
    this.#of = of;
  }

  add(instance: Instance): void {
    for (const name of this.#of(instance)) {
      const key = name.toLowerCase();
      const apps = this.#apps.get(key) ?? new Map<string, number>();
      if (apps.size === 0) this.#apps.set(key, apps);
      apps.set(instance.app, (apps.get(instance.app) ?? 0) + 1);
    }
  }

  remove(instance: Instance): void {
    for (const name of this.#of(instance)) {
      const key = name.toLowerCase();
      const apps = this.#apps.get(key);
      if (apps === undefined) continue;
      const count = (apps.get(instance.app) ?? 0) - 1;
      if (count > 0) apps.set(instance.app, count);
      else apps.delete(instance.app);
      if (apps.size === 0) this.#apps.delete(key);
    }
  }

  /** @param key - in lower case */
  apps(key: string): Iterable<string> | undefined {
    return this.#apps.get(key)?.keys();
  }

  /** @param key - in lower case */
  has(key: string, instance: Instance): boolean {
    return this.#of(instance).some((name) => name === key || name.toLowerCase() === key);
  }
}
