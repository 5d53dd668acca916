/** What a node tells operators: one line each in the log, and the numbers behind `/metrics` and `/health/ready`. */
import type { NodeState } from '../registry/node-state.ts';
import type { Hold, NodeReport, Position } from '../store/registry-store.ts';

export type NodeEvent =
  | { readonly kind: 'state'; readonly from: NodeState['is']; readonly state: NodeState }
  /** Something went wrong with the store, and what was done about it, in a sentence. */
  | { readonly kind: 'fault'; readonly sentence: string }
  | { readonly kind: 'hold' | 'release'; readonly hold: Hold; readonly sentence: string }
  | { readonly kind: 'evicted'; readonly count: number }
  /** Replica and store were joined after an outage. */
  | { readonly kind: 'joined'; readonly written: number; readonly adopted: number; readonly instances: number };

export interface NodeStatus {
  readonly state: NodeState;
  readonly position: Position | undefined;
  /** Records in the store at the last tick. */
  readonly storeSize: number;
  readonly replicaSize: number;
  readonly holds: readonly Hold[];
  /** Instances changed while the store is away, to be joined. */
  readonly marked: number;
  /** Heartbeats acknowledged and not yet written. */
  readonly beatsWaiting: number;
  readonly nodes: readonly NodeReport[];
  /** Faults met since the start, and the latest in a sentence. */
  readonly faults: number;
  readonly lastFault: string | undefined;
}

/** `16 of 40 of zone b silent since 14:01:10; held until 14:06:10`. */
export function holdSentence({ group, lost, known, at, since, until }: Hold): string {
  const time = (ms: number): string => new Date(ms).toISOString().slice(11, 19);
  return `${lost} of ${known} of ${group} silent since ${time(at)}; held until ${time(at + (until - since))}`;
}
