/**
 * The port between the registry's rules and the node that keeps them true: what is held now, and how a change of it is made.
 *
 * A rule is pure: from what is held and the time it makes a decision, and it may run again on what another node wrote meanwhile. The ledger
 * runs it, commits what it decided (or, while the store is away, takes it into the replica and marks the key), and answers when the replica
 * shows it.
 */

import type { InstanceKey } from '../store/instance-key.ts';
import type { InstanceRecord } from '../store/instance-record.ts';
import type { Actor, Removal } from '../store/registry-store.ts';
import type { NodeState } from './node-state.ts';
import type { Answer } from './registry.ts';
import type { RequestContext } from './request-context.ts';
import type { EpochMs, LeaseMs } from './time.ts';

/** One instance as this node knows it. */
export interface Held {
  readonly key: InstanceKey;
  readonly record: InstanceRecord;
  /** Version of the change that made the record; 0 for one that no store has yet. */
  readonly revision: number;
  /** Lease clock (ms) of the last sign of life that this node knows. */
  readonly heard: LeaseMs;
  /** The same by store time, for people and the wire. */
  readonly heardAt: EpochMs;
}

export type Decision =
  /** Nothing changes. `beat`: the request was a sign of life all the same. */
  | { readonly is: 'keep'; readonly answer: Answer; readonly beat: boolean }
  /** The new record; a registration also renews the lease. */
  | {
      readonly is: 'put';
      readonly record: InstanceRecord;
      readonly why: 'register' | 'status' | 'metadata';
      /** Whether this is a sign of life: the lease starts anew. */
      readonly beat: boolean;
      readonly answer: Answer;
    }
  | { readonly is: 'remove'; readonly removal: Removal; readonly answer: Answer };

/** Pure, and may run more than once. `now`: store time. */
export type Rule = (held: Held | undefined, now: EpochMs) => Decision;

export interface Ledger {
  readonly state: NodeState;
  /** Store time as this node estimates it. */
  readonly now: EpochMs;
  /** Instances held. */
  readonly size: number;
  /** Instances held of one application. */
  sizeOf(app: string): number;
  /** From the replica alone. */
  held(key: InstanceKey): Held | undefined;
  /** From the replica, else from the store (many keys in one request, misses remembered for a second); while away the replica alone. */
  find(key: InstanceKey): Promise<Held | undefined>;
  /** Runs a rule and makes its decision true; a state that takes no changes answers `unavailable` without running it. */
  change(context: RequestContext, key: InstanceKey, rule: Rule): Promise<Answer>;
  /** A heartbeat of an instance that is held: remembered now, written to the store with others within 100 ms. */
  beat(key: InstanceKey): void;
  /** Signs of life acknowledged by this node in the last full minute. */
  readonly renewsLastMinute: number;
  actor(context: RequestContext): Actor;
}
