/**
 * What is stored of an instance: the same in every store, in the change log and in the replica. Data alone; a record of a newer schema is carried
 * along with the fields that this program does not know.
 */
import type { InstanceInfo, InstanceStatus } from '@heureka/client-sdk/protocol';

/** The schema that this code writes; records of a newer one are kept with the fields it does not know. */
export const RECORD_SCHEMA = 1;

/** An operator's word on the status of one instance. Clearing is a setting too, to none. */
export interface StatusOverride {
  readonly status: InstanceStatus | undefined;
  /** Store time, epoch ms. */
  readonly setAt: number;
}

/**
 * All that the registry holds of one instance, but for the time of its last sign of life, which lives in the lease.
 * A record is never changed: a change is a new record.
 */
export interface InstanceRecord {
  readonly v: number;
  /**
   * What the client registered, with `status` being the one that is served (after the rule chain). Its `leaseInfo` has the
   * client's interval and duration; the four timestamps of the lease are made from the fields below when it is encoded.
   * `lastDirtyTimestamp` is always set.
   */
  readonly info: InstanceInfo & { readonly lastDirtyTimestamp: number };
  /** Store time (epoch ms) when this content was accepted: decides between equal dirty timestamps. */
  readonly acceptedAt: number;
  /** Store time (epoch ms) of the latest registration. */
  readonly registeredAt: number;
  /** Store time (epoch ms) when the instance was first UP; 0 if never. */
  readonly serviceUpAt: number;
  /** Store time (epoch ms) of the latest change of this record: `lastUpdatedTimestamp` on the wire. */
  readonly updatedAt: number;
  readonly override: StatusOverride | undefined;
  /** `actionType` on the wire while the instance lives. */
  readonly action: 'ADDED' | 'MODIFIED';
}
