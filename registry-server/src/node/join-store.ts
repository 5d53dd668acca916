/**
 * Joins what this node holds with what the store holds, after an outage or on another history (F2): what is newer here is written there, the rest
 * is adopted, and nothing is dropped because the store lacks it. The replica is not touched: whoever asked puts the result in its place.
 */
import type { Random } from '@heureka/client-sdk/runtime';
import { alive, joinLife, type Life } from '../registry/join.ts';
import type { Loaded, Replica } from '../replica/replica.ts';
import type { InstanceKey } from '../store/instance-key.ts';
import type { InstanceRecord } from '../store/instance-record.ts';
import type { Actor, Change, ChangeBody, Hold, Position, RegistryStore, Stored } from '../store/registry-store.ts';
import type { StoreTime } from './store-time.ts';
import { newToken } from './token.ts';

const MAX_TRIES = 10;
const AT_ONCE = 64;

export interface JoinParts {
  readonly store: RegistryStore;
  readonly replica: Replica;
  readonly time: StoreTime;
  readonly random: Random;
  readonly actor: Actor;
}

export interface Joined {
  readonly content: readonly Loaded[];
  readonly position: Position;
  readonly recent: readonly Change[];
  readonly holds: readonly Hold[];
  /** Instances written to the store because this node knew more. */
  readonly written: number;
}

/**
 * @param keys - which instances this node may know more of than the store; `'all'` on another history
 * @throws StoreAway, Diverged
 */
export async function joinStore(
  parts: JoinParts,
  keys: ReadonlySet<InstanceKey> | 'all',
  signal: AbortSignal,
): Promise<Joined> {
  const { store } = parts;
  const snapshot = await store.load();
  const theirs = new Map<InstanceKey, Stored>();
  for await (const page of snapshot.pages) for (const stored of page) theirs.set(stored.key, stored);
  const removed = new Map<InstanceKey, number>();
  for (const change of snapshot.recent) {
    if (change.kind === 'remove') removed.set(change.key, Math.max(removed.get(change.key) ?? 0, change.cancelledAt));
  }

  const writes: (() => Promise<number>)[] = [];
  for (const key of keys === 'all' ? ownKeys(parts.replica) : keys) {
    if (differs(parts, key, theirs.get(key), removed.get(key) ?? 0)) {
      writes.push(() => write(parts, snapshot.position, key, theirs.get(key), removed.get(key) ?? 0));
    }
  }
  let last = snapshot.position.version;
  for (let from = 0; from < writes.length; from += AT_ONCE) {
    const versions = await Promise.all(writes.slice(from, from + AT_ONCE).map((one) => one()));
    last = Math.max(last, ...versions);
  }
  return caughtUp(parts, snapshot, theirs, last, writes.length, signal);
}

/** Reads the log from the load's position until our own writes are in it, so that content and position are those of one moment. */
async function caughtUp(
  { store, time }: JoinParts,
  snapshot: { position: Position; recent: readonly Change[]; holds: readonly Hold[] },
  theirs: Map<InstanceKey, Stored>,
  last: number,
  written: number,
  signal: AbortSignal,
): Promise<Joined> {
  let { position } = snapshot;
  const recent = [...snapshot.recent];
  const holds = new Map(snapshot.holds.map((hold) => [hold.group, hold]));
  if (position.version < last) {
    for await (const batch of store.changes(position, signal)) {
      for (const change of batch) {
        applyTo(theirs, holds, change);
        recent.push(change);
        position = { epoch: position.epoch, version: change.version, token: change.token };
      }
      if (position.version >= last) break;
    }
  }
  const now = time.moment;
  const content = [...theirs.values()].map(
    ({ key, record, revision, age }): Loaded => ({
      key,
      record,
      revision,
      heard: { lease: now.lease - age, at: time.atLease(now.lease - age) },
    }),
  );
  return { content, position, recent, holds: [...holds.values()], written };
}

function applyTo(theirs: Map<InstanceKey, Stored>, holds: Map<string, Hold>, change: Change): void {
  if (change.kind === 'hold') holds.set(change.hold.group, change.hold);
  else if (change.kind === 'release') holds.delete(change.hold.group);
  else if (change.kind === 'put' || change.kind === 'remove') {
    const held = theirs.get(change.key);
    if (held !== undefined && held.revision >= change.version) return;
    if (change.kind === 'remove') theirs.delete(change.key);
    else {
      const { key, version: revision, token, record } = change;
      theirs.set(key, { key, revision, token, record, age: 0 });
    }
  }
}

function* ownKeys(replica: Replica): Iterable<InstanceKey> {
  for (const { served } of replica.entries()) yield served.key;
  for (const key of replica.tombstones.keys()) if (replica.entry(key) === undefined) yield key;
}

/** What this node knows of an instance. */
function ours({ replica }: JoinParts, key: InstanceKey): Life {
  const entry = replica.entry(key);
  const stone = replica.tombstones.get(key);
  return {
    heard: entry?.heardAt ?? stone?.heard ?? 0,
    cancelledAt: stone?.cancelledAt ?? 0,
    record: entry?.record ?? stone?.last,
  };
}

function lifeOf({ time }: JoinParts, stored: Stored | undefined, cancelledAt: number): Life {
  return {
    heard: stored === undefined ? 0 : time.atLease(time.lease - stored.age),
    cancelledAt,
    record: stored?.record,
  };
}

function differs(parts: JoinParts, key: InstanceKey, stored: Stored | undefined, cancelledAt: number): boolean {
  const own = ours(parts, key);
  const joined = joinLife(own, lifeOf(parts, stored, cancelledAt));
  // An evicted instance that nobody heard since has no entry here: its tombstone alone revives nothing.
  if (alive(joined) && (stored !== undefined || parts.replica.entry(key) !== undefined)) {
    return stored === undefined || !sameRecord(stored.record, joined.record!);
  }
  return stored !== undefined && !alive(joined);
}

/** @returns the version at which the store shows it */
async function write(
  parts: JoinParts,
  on: Position,
  key: InstanceKey,
  first: Stored | undefined,
  cancelledAt: number,
): Promise<number> {
  const { store, time, actor, random } = parts;
  let stored = first;
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    if (!differs(parts, key, stored, cancelledAt)) return 0;
    const joined = joinLife(ours(parts, key), lifeOf(parts, stored, cancelledAt));
    const change: ChangeBody = alive(joined)
      ? { kind: 'put', key, record: joined.record!, why: 'join' }
      : {
          kind: 'remove',
          key,
          last: stored?.record,
          why: 'join',
          heard: joined.heard,
          cancelledAt: joined.cancelledAt,
        };
    const answer = await store.commit({
      token: newToken(random),
      on,
      expected: stored?.revision ?? 0,
      change,
      by: actor,
      ...(change.kind === 'put' ? { lease: leaseOf(change.record, time.now - joined.heard) } : {}),
    });
    if (answer.is === 'committed') return answer.change.version;
    stored = answer.current;
  }
  throw new Error(`${key} was changed by other nodes ${MAX_TRIES} times while it was being joined`);
}

/** @param age - ms since the last sign of life */
export function leaseOf(record: InstanceRecord, age: number): { duration: number; age: number } {
  return { duration: record.info.leaseInfo.durationInSecs * 1_000, age: Math.max(0, age) };
}

function sameRecord(a: InstanceRecord, b: InstanceRecord): boolean {
  return (
    a.info.lastDirtyTimestamp === b.info.lastDirtyTimestamp &&
    a.acceptedAt === b.acceptedAt &&
    a.info.status === b.info.status &&
    a.override?.setAt === b.override?.setAt &&
    a.override?.status === b.override?.status
  );
}
