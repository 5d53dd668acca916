/**
 * What is known of every service, as immutable snapshots: the port between who finds instances (`source/`) and who uses them (balancer, API).
 *
 * Named removals are believed; absence from a full list is doubted: such instances stay for a while as *unconfirmed* (`sdk-engine` S9).
 */
import type { Instance, ServiceSnapshot } from '../api.ts';
import type { Subscribe } from '../runtime/emitter.ts';

export interface CachedService extends ServiceSnapshot {
  /** Every instance known, of any status; `instances` holds those that are UP. */
  readonly all: readonly Instance[];
  /** Ids (of `instances`) that the latest full list lacked: picked after the others. Usually empty. */
  readonly unconfirmed: ReadonlySet<string>;
}

export interface InstanceCache {
  /** A list has been received (or read from disk) since the start. */
  readonly ready: boolean;
  /** The same object until that service changes. Application name first, then VIP, then secure VIP, all without case. */
  service(name: string): CachedService;
  /** Whether this name was listed at any time since the process started: once a service, always a service. */
  everListed(name: string): boolean;
  /** Names of the applications with instances, lower-case, sorted. */
  services(): readonly string[];
  /** A connect to this instance was refused: an unconfirmed one is dropped. */
  refused(instance: Instance): void;
  /** Fires once for each service that changed, in one turn for one change of the source. */
  readonly onChange: Subscribe<CachedService>;
}
