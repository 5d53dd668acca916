/**
 * The whole registry in memory, as readers see it: views, push, the dashboard. Writers go through the registry; only the change log changes it.
 * Between two changes everything read here is one consistent state.
 */
import type { InstanceInfo, InstanceStatus } from '@heureka/client-sdk/protocol';
import type { Subscribe } from '@heureka/client-sdk/runtime';
import type { InstanceKey } from '../store/instance-key.ts';

/** Names one content of the replica; no two contents ever share one. While the store is away the epoch is the node's own (`E~node`). */
export interface Cursor {
  readonly epoch: string;
  readonly version: number;
}

/** One instance as lists show it: encode it as it is. Immutable; a changed instance is a new object. */
export interface ServedInstance {
  readonly key: InstanceKey;
  readonly app: string;
  readonly id: string;
  /** Version of the change that made it. */
  readonly revision: number;
  /** With lease timestamps of the record's last change; `actionType` set. */
  readonly info: InstanceInfo;
}

/** One applied change, in version order. */
export interface AppliedChange {
  readonly cursor: Cursor;
  /** Store time, epoch ms. */
  readonly at: number;
  readonly key: InstanceKey;
  readonly app: string;
  readonly id: string;
  /** Undefined: it was not there before. */
  readonly before: ServedInstance | undefined;
  /** Undefined: it has been removed. */
  readonly after: ServedInstance | undefined;
  /** What a delta shows: `after`, or the removed instance with `actionType` DELETED and its eviction timestamp. */
  readonly delta: ServedInstance;
}

export interface ReplicaReader {
  /** False until the first load is complete. */
  readonly loaded: boolean;
  readonly cursor: Cursor;
  readonly size: number;
  /** Instances by served status: what `apps__hashcode` is made of. */
  readonly statusCounts: ReadonlyMap<InstanceStatus, number>;
  get(key: InstanceKey): ServedInstance | undefined;
  /** Every instance, in no particular order. */
  all(): Iterable<ServedInstance>;
  /** Upper-cased names of the applications that have instances, in no particular order. */
  apps(): Iterable<string>;
  /** The instances of one application, in no particular order; undefined: it has none. */
  app(name: string): ReadonlyMap<InstanceKey, ServedInstance> | undefined;
  /** The instances that list this exact name in their (secure) VIP address. */
  vip(name: string, secure: boolean): ReadonlyMap<InstanceKey, ServedInstance> | undefined;
  /** Version of the latest change in this application, VIP or secure VIP, for its ETag; 0 if none is known. */
  versionOf(kind: 'app' | 'vip' | 'svip', name: string): number;
  /** At most one entry an instance (its latest), for changes not older than `since` (store time, epoch ms), oldest first. */
  recent(since: number): readonly AppliedChange[];
  /** All changes after `cursor`, one by one, oldest first; undefined where they are no longer known, or the epoch is another. */
  after(cursor: Cursor): readonly AppliedChange[] | undefined;
  /** Fires after each applied change, in order, before whoever asked for it is answered. */
  readonly onChange: Subscribe<AppliedChange>;
  /** Fires when the replica was replaced or renumbered as a whole (a load, a join, a new epoch): forget what was derived. */
  readonly onReset: Subscribe<Cursor>;
}
