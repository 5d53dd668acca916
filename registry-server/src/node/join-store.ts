/**
 * Joins what this node holds with what the store holds, after an outage or on another history (F2): what is newer here is written there, the rest
 * is adopted, and nothing is dropped because the store lacks it. The replica is not touched: whoever asked puts the result in its place.
 */
import type { Random } from '@heureka/client-sdk/runtime';
import { alive, joinLife, type Life } from '../registry/join.ts';
import type { Loaded, Replica } from '../replica/replica.ts';
import type { InstanceKey } from '../store/instance-key.ts';
import type { InstanceRecord } from '../store/instance-record.ts';
import type {
  Actor,
  Change,
  ChangeBody,
  Hold,
  Position,
  RegistryStore,
  Removal,
  Snapshot,
  Stored,
} from '../store/registry-store.ts';
import type { StoreTime } from './store-time.ts';
import { newToken } from './token.ts';
import { nextTurn } from './turn.ts';

const MAX_TRIES = 10;
const AT_ONCE = 64;
/** Instances compared in one turn. */
const SLICE = 2_000;

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
  const snapshot = await parts.store.load();
  const theirs = new Map<InstanceKey, Stored>();
  for await (const page of snapshot.pages) for (const stored of page) theirs.set(stored.key, stored);
  const log = new Reading(parts.store, snapshot, theirs);

  let candidates: Iterable<InstanceKey> = keys === 'all' ? everyKey(parts.replica, theirs) : [...keys];
  const mine = (key: InstanceKey): boolean => keys === 'all' || keys.has(key);
  let written = 0;
  for (;;) {
    const differing: InstanceKey[] = [];
    let looked = 0;
    for (const key of candidates) {
      if (++looked % SLICE === 0) await nextTurn();
      if (differs(parts, key, theirs.get(key), log.removed(key))) differing.push(key);
    }
    written += differing.length;
    let last = 0;
    for (let from = 0; from < differing.length; from += AT_ONCE) {
      const some = differing.slice(from, from + AT_ONCE);
      const versions = await Promise.all(some.map((key) => write(parts, log.position, key, theirs, log.removed(key))));
      last = Math.max(last, ...versions);
    }
    // Until our own writes are in it, so that content and position are those of one moment.
    const touched = (await log.readTo(last, signal)).filter((key) => mine(key) && parts.replica.tombstones.get(key));
    if (touched.length === 0) break;
    // Others join at the same time: what one of them put while we knew of its cancel, or the other way round, is looked at once more.
    for (const [index, stored] of (await parts.store.read(touched)).entries()) {
      if (stored === undefined) theirs.delete(touched[index]!);
      else theirs.set(stored.key, stored);
    }
    candidates = touched;
  }
  return { ...log.result(parts.time), written };
}

/** The store's log from a load's position on, applied to what the load brought. */
class Reading {
  readonly #store: RegistryStore;
  readonly #theirs: Map<InstanceKey, Stored>;
  readonly #recent: Change[];
  readonly #holds: Map<string, Hold>;
  readonly #removed = new Map<InstanceKey, Removed>();
  #position: Position;

  constructor(store: RegistryStore, { position, recent, holds }: Snapshot, theirs: Map<InstanceKey, Stored>) {
    this.#store = store;
    this.#theirs = theirs;
    this.#position = position;
    this.#recent = [...recent];
    this.#holds = new Map(holds.map((hold) => [hold.group, hold]));
    for (const change of recent) this.#note(change);
  }

  get position(): Position {
    return this.#position;
  }

  removed(key: InstanceKey): Removed {
    return this.#removed.get(key) ?? NEVER_REMOVED;
  }

  /** @returns which instances were changed on the way, our own changes among them */
  async readTo(version: number, signal: AbortSignal): Promise<readonly InstanceKey[]> {
    const touched = new Set<InstanceKey>();
    if (this.#position.version >= version) return [];
    for await (const batch of this.#store.changes(this.#position, signal)) {
      for (const change of batch) {
        applyTo(this.#theirs, this.#holds, change);
        this.#note(change);
        this.#recent.push(change);
        this.#position = { epoch: this.#position.epoch, version: change.version, token: change.token };
        if ('key' in change) touched.add(change.key);
      }
      if (this.#position.version >= version) break;
    }
    return [...touched];
  }

  result(time: StoreTime): Omit<Joined, 'written'> {
    const now = time.moment;
    const content = [...this.#theirs.values()].map(
      ({ key, record, revision, age }): Loaded => ({
        key,
        record,
        revision,
        heard: { lease: now.lease - age, at: time.atLease(now.lease - age) },
      }),
    );
    return { content, position: this.#position, recent: this.#recent, holds: [...this.#holds.values()] };
  }

  #note(change: Change): void {
    if (change.kind === 'remove') this.#removed.set(change.key, later(this.removed(change.key), change));
  }
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

/** What the store's log says of an instance's removals. */
interface Removed {
  /** Store time of the latest cancel; 0: none. */
  readonly cancelledAt: number;
  /** Store time of the latest sign of life that an eviction knew of, which it buries; 0: none. */
  readonly evicted: number;
}

const NEVER_REMOVED: Removed = { cancelledAt: 0, evicted: 0 };

function later(before: Removed, { why, heard, cancelledAt }: Removal): Removed {
  return {
    cancelledAt: Math.max(before.cancelledAt, cancelledAt),
    evicted: Math.max(before.evicted, why === 'evict' ? heard : 0),
  };
}

/** All that this node knows of, and what the store holds without a lease. */
function* everyKey(replica: Replica, theirs: ReadonlyMap<InstanceKey, Stored>): Iterable<InstanceKey> {
  for (const { served } of replica.entries()) yield served.key;
  for (const key of replica.tombstones.keys()) if (replica.entry(key) === undefined) yield key;
  for (const [key, { leaseless }] of theirs) {
    const known = replica.entry(key) !== undefined || replica.tombstones.get(key) !== undefined;
    if (leaseless === true && !known) yield key;
  }
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

/**
 * What the store knows of an instance. Where its lease clock stood while this node was away is not known here: an age then says too little, so
 * what it says is taken for the earlier; a registration carries its own time.
 */
function lifeOf({ time }: JoinParts, stored: Stored | undefined, cancelledAt: number): Life {
  return {
    heard: stored === undefined ? 0 : Math.max(time.atLease(time.lease - stored.age), stored.record.registeredAt),
    cancelledAt,
    record: stored?.record,
  };
}

function differs(parts: JoinParts, key: InstanceKey, stored: Stored | undefined, removed: Removed): boolean {
  const entry = parts.replica.entry(key);
  const joined = joinLife(ours(parts, key), lifeOf(parts, stored, removed.cancelledAt));
  // A cancel that the store never heard of is news even where it holds nothing: another node may yet bring the instance.
  if (!alive(joined)) return stored !== undefined || joined.cancelledAt > removed.cancelledAt;
  if (stored !== undefined) return stored.leaseless === true || !sameRecord(stored.record, joined.record!);
  // Evicted, and nobody heard of it since: neither a tombstone nor a copy that knows no more revives it.
  return entry !== undefined && entry.heardAt > removed.evicted;
}

/** @returns the version at which the store shows it */
async function write(
  parts: JoinParts,
  on: Position,
  key: InstanceKey,
  theirs: Map<InstanceKey, Stored>,
  removed: Removed,
): Promise<number> {
  const { store, actor, random } = parts;
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    const stored = theirs.get(key);
    if (!differs(parts, key, stored, removed)) return 0;
    const joined = joinLife(ours(parts, key), lifeOf(parts, stored, removed.cancelledAt));
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
      ...(change.kind === 'put' ? { lease: leaseOf(change.record, ageOf(parts, key, stored, joined.heard)) } : {}),
    });
    if (answer.is === 'committed') return answer.change.version;
    // Another node was first: what stands there now is what this node goes on from, whatever the page said.
    if (answer.current === undefined) theirs.delete(key);
    else theirs.set(key, answer.current);
  }
  throw new Error(`${key} was changed by other nodes ${MAX_TRIES} times while it was being joined`);
}

/**
 * How old the joined lease is. By store time it is too old where the lease clock stood, by the lease clock where this node alone was without it:
 * the younger is true.
 */
function ageOf({ replica, time }: JoinParts, key: InstanceKey, stored: Stored | undefined, heard: number): number {
  const own = replica.entry(key);
  const ages = [time.now - heard, ...(own === undefined ? [] : [time.lease - own.heard])];
  if (stored !== undefined && stored.leaseless !== true) ages.push(stored.age);
  return Math.min(...ages);
}

/** @param age - ms since the last sign of life */
export function leaseOf(record: InstanceRecord, age: number): { duration: number; age: number } {
  return { duration: durationOf(record), age: Math.max(0, age) };
}

/** Length of its lease, ms. */
export function durationOf(record: InstanceRecord): number {
  return record.info.leaseInfo.durationInSecs * 1_000;
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
