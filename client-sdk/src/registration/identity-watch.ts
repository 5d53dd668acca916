/**
 * Watches whether the record under our id is ours. A later one with other content is disputed once, as it may be our own of before a restart,
 * with the clock set back since; the second time another process uses our id, and nobody is helped by two that overwrite each other.
 */
import type { DiscoveryEvents } from '../api.ts';
import { RegistryError } from '../errors.ts';
import { effectiveId, type InstanceInfo } from '../protocol/instance-info.ts';
import { judgeServed } from './judge-served.ts';

export interface Look {
  /** What we registered last. */
  readonly ours: InstanceInfo;
  /** What the registry serves under our id; undefined: nothing. */
  readonly served: InstanceInfo | undefined;
  /** An override of ours may be stored. */
  readonly overridden: boolean;
  /** Base URL of who served it. */
  readonly server: string;
}

/**
 * - `fine`: nothing to do.
 * - `dispute`: register again, with a later version.
 * - `taken`: from now on send nothing, and look again at times.
 * - `freed`: the other one is gone: register again.
 */
export type Finding = 'fine' | 'dispute' | 'taken' | 'freed';

export class IdentityWatch {
  readonly #warn: (warning: DiscoveryEvents['warning']) => void;
  #disputed = false;
  #taken: RegistryError | undefined;
  #overrideSeen = false;

  constructor(warn: (warning: DiscoveryEvents['warning']) => void) {
    this.#warn = warn;
  }

  /** Why nothing is sent; undefined: the id is ours. */
  get taken(): RegistryError | undefined {
    return this.#taken;
  }

  look({ ours, served, overridden, server }: Look): Finding {
    const foreign = served !== undefined && judgeServed(ours, served) === 'foreign';
    if (this.#taken !== undefined) {
      if (foreign) return 'fine';
      this.#taken = undefined;
      this.#disputed = false;
      return 'freed';
    }
    // Gone already, or asked of a node that does not know us yet: the next beat tells.
    if (served === undefined) return 'fine';
    if (!foreign) {
      this.#lookAtOverride(served, overridden);
      return 'fine';
    }
    const id = effectiveId(ours);
    const other = `${served.ipAddr}:${served.securePort.enabled ? served.securePort.port : served.port.port}`;
    if (!this.#disputed) {
      this.#disputed = true;
      const message = `the id ${id} was registered by ${other} with a later version; registering again`;
      this.#warn({ code: 'INSTANCE_ID_DISPUTED', message });
      return 'dispute';
    }
    const message = `another process (${other}) registers under the id ${id}: give each an instanceId of its own`;
    this.#taken = new RegistryError('ERR_INSTANCE_ID_TAKEN', message, server);
    return 'taken';
  }

  #lookAtOverride(served: InstanceInfo, overridden: boolean): void {
    const { overriddenStatus } = served;
    const foreign = overriddenStatus !== 'UNKNOWN' && !overridden;
    if (foreign && !this.#overrideSeen) {
      const message = `the registry shows ${effectiveId(served)} as ${overriddenStatus} by an override that is not ours`;
      this.#warn({ code: 'STATUS_OVERRIDDEN', message });
    }
    this.#overrideSeen = foreign;
  }
}
