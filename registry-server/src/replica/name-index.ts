/**
 * Instances by application, or by VIP: what a list of one name is read from, and the version that its ETag shows. The replica alone changes it,
 * with each instance that comes or goes.
 */
import type { InstanceKey } from '../store/instance-key.ts';
import type { ServedInstance } from './replica-reader.ts';

interface Named {
  readonly instances: Map<InstanceKey, ServedInstance>;
  /** Version of the latest change among them. */
  version: number;
}

/** Instances by a name (application, VIP). A name without instances is forgotten, its version with it: it answers 404, or an empty list. */
export class NameIndex {
  readonly #names = new Map<string, Named>();

  names(): Iterable<string> {
    return this.#names.keys();
  }

  get(name: string): ReadonlyMap<InstanceKey, ServedInstance> | undefined {
    return this.#names.get(name)?.instances;
  }

  versionOf(name: string): number {
    return this.#names.get(name)?.version ?? 0;
  }

  add(name: string, served: ServedInstance): void {
    const named = this.#names.get(name);
    if (named === undefined)
      this.#names.set(name, { instances: new Map([[served.key, served]]), version: served.revision });
    else {
      named.instances.set(served.key, served);
      named.version = Math.max(named.version, served.revision);
    }
  }

  /** @param version - of the change that removed it */
  delete(name: string, served: ServedInstance, version: number): void {
    const named = this.#names.get(name);
    if (named === undefined) return;
    named.instances.delete(served.key);
    named.version = Math.max(named.version, version);
    if (named.instances.size === 0) this.#names.delete(name);
  }
}
