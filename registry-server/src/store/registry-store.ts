/**
 * The port to the registry's shared truth: records, leases, holds and one ordered change log.
 * It speaks the registry's words and knows no database. Every adapter passes `registryStoreContract`.
 *
 * Words: *store time* is the store's own wall clock (epoch ms). The *lease clock* (ms) runs with store time but stands while nobody ticks,
 * so that an outage ages no lease. A *sign of life* is a registration or an acknowledged heartbeat. A *position* names one point of one
 * history: versions count without gaps, and each log entry carries a random token and its predecessor's, which tells two histories
 * with equal versions apart.
 */
import type { InstanceKey } from './instance-key.ts';
import type { InstanceRecord } from './instance-record.ts';

export interface RegistryStore {
  /**
   * Is this position on the store's history? Changes nothing. The first call, and again after every `StoreAway`: a connection that broke
   * may lead to another history, so every other method rejects with `StoreAway` until this has been asked on the new one.
   * Nothing known (`undefined`) follows any history. A founding that was given up half-way is answered as what it was: `empty`, or
   * `diverged` where it was founded over records.
   */
  attach(known: Position | undefined): Promise<Standing>;
  /**
   * Begins a new epoch: `seed` into an empty store, or over the history named by `over` (its epoch must still stand; its records stay).
   * One caller wins and is answered `follows` with the new position (after its tombstones); the others get the standing. Seeds get the
   * founding's version as revision, and leases as old as `age` says (see `Tick.opened` for why that ends none). Ten seconds without progress, and another may take over.
   */
  found(founding: Founding): Promise<Standing>;
  /** Everything held, in pages; exact once the changes after `position` are applied (a record with a revision not older than a change stays). */
  load(): Promise<Snapshot>;
  /**
   * Contiguous batches of changes after a position. Ends when `signal` aborts.
   *
   * @throws {Diverged} on a gap, or when the log is no longer this history
   * @throws {StoreAway} when the connection is lost, or silent for 3 s
   */
  changes(after: Position, signal: AbortSignal): AsyncIterable<readonly Change[]>;
  /** Single records, for keys that the replica does not know; `undefined` where the store has none. Answers in the order of `keys`. */
  read(keys: readonly InstanceKey[]): Promise<readonly (Stored | undefined)[]>;
  /**
   * Record or hold, lease, log entry and version in one atomic step, if the record is still at `proposal.expected`.
   * Safe to repeat as it is (the same `on`): one token has one effect, and is answered with the same `Committed` while its entry is the
   * record's latest. What leaves no record is recognised while it is among the last 1,000 changes.
   *
   * @throws {SweepOver} when `proposal.sweep` is void
   * @throws {Diverged} when the store is behind `on`, or on another history
   */
  commit(proposal: Proposal): Promise<Committed | Conflict>;
  /** Extends leases by their own duration, less the beat's age, never shortening one; answers the keys that have no lease. */
  renew(on: Position, renewals: readonly Renewal[]): Promise<readonly InstanceKey[]>;
  /** Once a second: reports this node, moves the lease clock, trims the log by age, answers where the store is. One caller a second gets the sweep. */
  tick(self: NodeReport): Promise<Tick>;
  /** Leases whose deadline is less than `within` ms away or past, with the age of their last sign of life. @throws {SweepOver} when the token is void */
  due(sweep: SweepToken, within: number): Promise<readonly Due[]>;
  /** Removes this node's report and closes connections; every later call rejects with StoreAway. */
  close(): Promise<void>;
}

/** One point of one history. */
export interface Position {
  readonly epoch: string;
  /** Changes since the founding, without gaps; an integer >= 0. */
  readonly version: number;
  /** That of the log entry at `version`. */
  readonly token: string;
}

export type Standing =
  | { readonly kind: 'follows'; readonly position: Position; readonly lease: number; readonly time: number }
  | {
      readonly kind: 'diverged';
      readonly position: Position;
      readonly lease: number;
      readonly time: number;
      /** `trimmed`: the same epoch, and ahead of us, but the log no longer reaches back to our position: load and join, found nothing. */
      readonly why: 'epoch' | 'older' | 'forked' | 'trimmed' | 'unfinished';
    }
  | { readonly kind: 'empty' }
  /** Another node is founding; after `until` (store time) its founding may be taken over. */
  | { readonly kind: 'seeding'; readonly by: string; readonly until: number }
  /** The store's records need a newer reader than this program. */
  | { readonly kind: 'incompatible'; readonly needs: number };

export type Founding = {
  /** Id of the founding node. */
  readonly self: string;
  /** The new history begins here: above every version known, so that none comes back. */
  readonly version: number;
  /** Where the lease clock goes on, ms. */
  readonly lease: number;
  /** Shared by all nodes of this registry, for requests from node to node. */
  readonly secret: string;
  /** Removals that the new history must know, so that a stale node does not bring back the dead. */
  readonly tombstones: readonly Removal[];
} & ({ readonly seed: AsyncIterable<readonly Stored[]> } | { readonly over: Position });

export interface Stored {
  readonly key: InstanceKey;
  /** Version of the change that made this record. */
  readonly revision: number;
  /** Token of that change. */
  readonly token: string;
  readonly record: InstanceRecord;
  /** Milliseconds of lease clock since the last sign of life. */
  readonly age: number;
  /** Something else deleted its lease: it would never end. Absent: it has one. */
  readonly leaseless?: true;
}

export interface Snapshot {
  readonly position: Position;
  readonly pages: AsyncIterable<readonly Stored[]>;
  /** Changes of the last ten minutes that the log still has, up to `position`, oldest first. */
  readonly recent: readonly Change[];
  readonly holds: readonly Hold[];
}

/** Who asked for a change: a principal or `anonymous`, and from where. */
export interface Actor {
  readonly principal: string;
  readonly address: string;
  /** Node that committed it. */
  readonly node: string;
  readonly request?: string;
}

/** The registry itself, at one of its nodes: evictions, holds, joins. */
export function registryActor(node: string): Actor {
  return { principal: 'heureka', address: '', node };
}

export type ChangeBody =
  | { readonly kind: 'put'; readonly key: InstanceKey; readonly record: InstanceRecord; readonly why: PutReason }
  | Removal
  | { readonly kind: 'hold' | 'release'; readonly hold: Hold };
export type PutReason = 'register' | 'status' | 'metadata' | 'revive' | 'join';

export interface Removal {
  readonly kind: 'remove';
  readonly key: InstanceKey;
  /** The record that was removed: DELETED entries show it. Undefined where a cancel met nothing and is remembered all the same. */
  readonly last: InstanceRecord | undefined;
  readonly why: 'cancel' | 'evict' | 'join';
  /** Store time (epoch ms) of the last sign of life that the remover knew. */
  readonly heard: number;
  /** Store time (epoch ms) of the cancel; 0 for an eviction, which buries only what it knew. */
  readonly cancelledAt: number;
}

export type Change = ChangeBody & {
  readonly version: number;
  readonly token: string;
  /** Token of the entry before. */
  readonly previous: string;
  /** Store time, epoch ms. */
  readonly at: number;
  readonly by: Actor;
};

export interface Proposal {
  /** Random, new for each intent, the same for each repeat of it. */
  readonly token: string;
  /** The proposer's position: a store on another history, or behind it, refuses. */
  readonly on: Position;
  /** Revision of the record that the change was made from; 0: there was none. Ignored for holds. */
  readonly expected: number;
  readonly change: ChangeBody;
  readonly by: Actor;
  /** With a put: the lease to set, `age` ms old already. Without: the lease stays as it is (a record without one gets 90 s). */
  readonly lease?: { readonly duration: number; readonly age: number };
  /** For evictions and holds: refused unless the token is valid and (evictions) the lease is 500 ms past its deadline. */
  readonly sweep?: SweepToken;
}

export interface Committed {
  readonly is: 'committed';
  /** Where this change stands in the log; the entry itself comes with `changes`, often before this answer. */
  readonly change: Change;
}

export interface Conflict {
  readonly is: 'conflict';
  /** What stands there instead; undefined: nothing. For a refused eviction, the record as it is. */
  readonly current: Stored | undefined;
}

export interface Renewal {
  readonly key: InstanceKey;
  /** Lease length, ms. */
  readonly duration: number;
  /** Milliseconds since the beat was acknowledged. */
  readonly age: number;
}

export interface Due {
  readonly key: InstanceKey;
  /** Milliseconds of lease clock since the last sign of life. */
  readonly age: number;
  /** Lease length, ms. */
  readonly duration: number;
}

/** Instances that stay listed although silent, since too many of their group fell silent at once. */
export interface Hold {
  /** Such as `zone b` or `service PAYMENTS`; one hold a group. */
  readonly group: string;
  /** Lease clock (ms) when it was placed: it covers leases born and heard no later. */
  readonly since: number;
  /** Lease clock (ms) when it ends. */
  readonly until: number;
  readonly lost: number;
  readonly known: number;
  /** Store time (epoch ms) when it was placed, for people. */
  readonly at: number;
  readonly by: string;
}

export interface NodeReport {
  readonly id: string;
  /** Where other nodes reach this one. */
  readonly url: string;
  readonly schema: number;
  readonly renewsLastMinute: number;
}

export interface SweepToken {
  readonly id: string;
}

export interface Tick {
  readonly position: Position;
  /** Lease clock, ms. */
  readonly lease: number;
  /** Store time, epoch ms. */
  readonly time: number;
  /**
   * Lease clock (ms) when this history began. No lease counts as older: whoever beats at another node than the founder's was not heard there,
   * and the clock of a history that was founded over may have jumped.
   */
  readonly opened: number;
  /** Whether the lease clock stood in the last 5 s: nobody gets the sweep until all nodes have had time to flush their beats. */
  readonly stood: boolean;
  /** Records held. */
  readonly size: number;
  readonly leases: number;
  /** Leases past their deadline. */
  readonly expired: number;
  readonly sweep?: SweepToken;
  /** Nodes that reported in the last 10 s, this one too. */
  readonly nodes: readonly NodeReport[];
  /** Shared by all nodes, see `Founding`. */
  readonly secret: string;
}

/** The store could not be asked, or did not answer, or refuses. */
export class StoreAway extends Error {
  override readonly name = 'StoreAway';
  constructor(
    /** `'unknown'`: the request may have had its effect. */
    readonly outcome: 'not done' | 'unknown',
    /** For an operator: such as `Redis at 10.0.0.5:6379 refused: OOM command not allowed`. */
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}

/** The store is not on the caller's history (any more): attach again, load, join. */
export class Diverged extends Error {
  override readonly name = 'Diverged';
  constructor(readonly reason: string) {
    super(reason);
  }
}

/** Another node sweeps now. */
export class SweepOver extends Error {
  override readonly name = 'SweepOver';
}
