/** What the embedded store holds, and how one line of its data file, or one change, makes it another. */
import type { InstanceKey } from '../instance-key.ts';
import type { InstanceRecord } from '../instance-record.ts';
import type { Change, Hold, Position } from '../registry-store.ts';

/** Where the history is; undefined before the first founding. */
export interface Head extends Position {
  readonly secret: string;
  /** Lease clock (ms) at `tick`. */
  readonly lease: number;
  /** Store time (epoch ms) of the latest tick. */
  readonly tick: number;
  /** Lease clock (ms) when this history began: no lease counts as older. Absent in data files of before. */
  readonly opened?: number;
}

export interface Entry {
  readonly revision: number;
  readonly token: string;
  readonly record: InstanceRecord;
  /** Lease length, ms. */
  readonly duration: number;
  /** Lease clock (ms) at which the lease runs out; moves with each renewal, as all else does not. */
  deadline: number;
}

export interface MemoryState {
  head: Head | undefined;
  readonly records: Map<InstanceKey, Entry>;
  readonly holds: Map<string, Hold>;
  /** Oldest first, without gaps, the last one at the head's version. */
  log: Change[];
}

export function emptyState(): MemoryState {
  return { head: undefined, records: new Map(), holds: new Map(), log: [] };
}

/** The lease clock follows store time, but a gap between two ticks counts for 3 s at most and never backwards. */
export function leaseClock(head: Head, now: number): number {
  return head.lease + Math.max(0, Math.min(now - head.tick, 3_000));
}

/** A change and the lease that it set: one line of the data file. */
export interface Applied {
  readonly change: Change;
  readonly duration: number;
  readonly deadline: number;
}

/** Makes a change true. It was checked before. */
export function apply(state: MemoryState, { change, duration, deadline }: Applied): void {
  const head = state.head!;
  state.head = { ...head, version: change.version, token: change.token };
  if (change.kind === 'put') {
    const { version: revision, token, record } = change;
    state.records.set(change.key, { revision, token, record, duration, deadline });
  } else if (change.kind === 'remove') {
    state.records.delete(change.key);
  } else if (change.kind === 'hold') {
    state.holds.set(change.hold.group, change.hold);
  } else {
    state.holds.delete(change.hold.group);
  }
  state.log.push(change);
}
