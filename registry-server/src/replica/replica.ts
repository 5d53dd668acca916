/**
 * The whole registry in memory, with the indexes that reads need. It is changed by applying the change log in version order, by one node;
 * while the store is away the node applies its own decisions under an epoch of its own. Nothing here asks or waits.
 */
import type { InstanceStatus } from '@heureka/client-sdk/protocol';
import { Emitter, type Subscribe } from '@heureka/client-sdk/runtime';
import type { Held } from '../registry/ledger.ts';
import { servedInfo, servedRemoval } from '../registry/served-info.ts';
import type { EpochMs, LeaseMs } from '../registry/time.ts';
import { type InstanceKey, splitKey } from '../store/instance-key.ts';
import type { InstanceRecord } from '../store/instance-record.ts';
import type { Change, Removal } from '../store/registry-store.ts';
import { NameIndex } from './name-index.ts';
import { RecentChanges } from './recent-changes.ts';
import type { AppliedChange, Cursor, ReplicaReader, ServedInstance } from './replica-reader.ts';
import { Tombstones } from './tombstones.ts';

/** One instance as the node holds it, and as rules see it: `heard` moves with each heartbeat; for another record there is another entry. */
export interface Entry extends Held {
  readonly served: ServedInstance;
  heard: LeaseMs;
  heardAt: EpochMs;
}

/** When something happened, by both clocks. */
export interface Moment {
  readonly lease: LeaseMs;
  readonly at: EpochMs;
}

const NO_CURSOR: Cursor = { epoch: '', version: 0 };

export class Replica implements ReplicaReader {
  #entries = new Map<InstanceKey, Entry>();
  #apps = new NameIndex();
  #vips = new NameIndex();
  #secureVips = new NameIndex();
  #ids = new Map<string, InstanceKey[]>();
  #counts = new Map<InstanceStatus, number>();
  #cursor: Cursor = NO_CURSOR;
  #loaded = false;
  readonly #recent = new RecentChanges();
  readonly tombstones = new Tombstones();
  readonly #changed = new Emitter<AppliedChange>();
  readonly #reset = new Emitter<Cursor>();
  readonly onChange: Subscribe<AppliedChange> = this.#changed.subscribe;
  readonly onReset: Subscribe<Cursor> = this.#reset.subscribe;

  get loaded(): boolean {
    return this.#loaded;
  }

  get cursor(): Cursor {
    return this.#cursor;
  }

  get size(): number {
    return this.#entries.size;
  }

  get statusCounts(): ReadonlyMap<InstanceStatus, number> {
    return this.#counts;
  }

  entry(key: InstanceKey): Entry | undefined {
    return this.#entries.get(key);
  }

  entries(): Iterable<Entry> {
    return this.#entries.values();
  }

  get(key: InstanceKey): ServedInstance | undefined {
    return this.#entries.get(key)?.served;
  }

  *all(): Iterable<ServedInstance> {
    for (const { served } of this.#entries.values()) yield served;
  }

  apps(): Iterable<string> {
    return this.#apps.names();
  }

  app(name: string): ReadonlyMap<InstanceKey, ServedInstance> | undefined {
    return this.#apps.get(name);
  }

  sizeOf(app: string): number {
    return this.#apps.get(app)?.size ?? 0;
  }

  vip(name: string, secure: boolean): ReadonlyMap<InstanceKey, ServedInstance> | undefined {
    return (secure ? this.#secureVips : this.#vips).get(name);
  }

  versionOf(kind: 'app' | 'vip' | 'svip', name: string): number {
    return (kind === 'app' ? this.#apps : kind === 'vip' ? this.#vips : this.#secureVips).versionOf(name);
  }

  /** The key of the first instance with this id, in canonical order. */
  findById(id: string): InstanceKey | undefined {
    const keys = this.#ids.get(id);
    return keys === undefined || keys.length < 2 ? keys?.[0] : [...keys].sort()[0];
  }

  recent(since: EpochMs): readonly AppliedChange[] {
    return this.#recent.latest(since);
  }

  after(cursor: Cursor): readonly AppliedChange[] | undefined {
    return this.#recent.after(cursor, this.#cursor);
  }

  /** Applies the next change of the log. What it does not know of (a hold) moves the cursor alone. */
  apply(change: Change, now: Moment): void {
    const cursor = { epoch: this.#cursor.epoch, version: change.version };
    const held = change.kind === 'put' || change.kind === 'remove' ? this.#entries.get(change.key) : undefined;
    // A page of a load may be newer than the position that the load was made at.
    if (held !== undefined && held.served.revision >= change.version) this.#cursor = cursor;
    else if (change.kind === 'put') {
      // A registration, an override and metadata are signs of life; what was revived or joined keeps the one that is known.
      const alive = change.why === 'join' || change.why === 'revive' ? undefined : now;
      this.put(
        change.key,
        change.record,
        change.version,
        cursor,
        change.at,
        alive ?? this.#lastHeard(change.key) ?? now,
      );
    } else if (change.kind === 'remove') this.remove(change, cursor, change.at);
    else this.#cursor = cursor;
  }

  put(key: InstanceKey, record: InstanceRecord, revision: number, cursor: Cursor, at: EpochMs, heard: Moment): void {
    const before = this.#entries.get(key);
    const after = this.#insert(key, record, revision, heard, before);
    this.tombstones.forget(key, at);
    this.#cursor = cursor;
    this.#tell({ cursor, at, key, app: after.app, id: after.id, before: before?.served, after, delta: after });
  }

  remove(removal: Removal, cursor: Cursor, at: EpochMs): void {
    const { key } = removal;
    const before = this.#entries.get(key);
    this.tombstones.remember(removal, at);
    this.#cursor = cursor;
    if (before === undefined) return;
    this.#drop(before, cursor.version);
    const { served, record } = before;
    const delta = { ...served, revision: cursor.version, info: servedRemoval(record, at) };
    this.#tell({ cursor, at, key, app: served.app, id: served.id, before: served, after: undefined, delta });
  }

  /** A heartbeat that this node acknowledged. */
  beat(entry: Entry, lease: LeaseMs, at: EpochMs): void {
    entry.heard = lease;
    entry.heardAt = at;
  }

  /** From now on the same content is named by another cursor (the node is on its own, or follows the store again). */
  renumber(cursor: Cursor): void {
    this.#cursor = cursor;
    this.#recent.clear(cursor.version);
    this.#reset.emit(cursor);
  }

  /**
   * Another content as a whole, after a load or a join. Instances that are the same keep their identity; the latest known sign of life is kept.
   *
   * @param recent - changes that led here, oldest first, for deltas and tombstones
   */
  replace(content: Iterable<Loaded>, cursor: Cursor, recent: readonly Change[]): void {
    const old = this.#entries;
    this.#entries = new Map();
    this.#apps = new NameIndex();
    this.#vips = new NameIndex();
    this.#secureVips = new NameIndex();
    this.#ids = new Map();
    this.#counts = new Map();
    for (const { key, record, revision, heard } of content) {
      const known = old.get(key);
      // By store time: the lease clock of another history may lie behind ours.
      const latest =
        known !== undefined && known.heardAt > heard.at ? { lease: known.heard, at: known.heardAt } : heard;
      this.#insert(
        key,
        record,
        revision,
        latest,
        undefined,
        known?.served.revision === revision ? known.served : undefined,
      );
    }
    this.#cursor = cursor;
    this.#loaded = true;
    // The log has no gaps: what it tells of begins right after the version before.
    this.#recent.clear(recent[0] === undefined ? cursor.version : recent[0].version - 1);
    for (const change of recent) {
      if (change.kind === 'remove') this.tombstones.remember(change, change.at);
      const applied = this.#past(change, cursor.epoch);
      if (applied !== undefined) this.#recent.add(applied);
    }
    this.#reset.emit(cursor);
  }

  /** Drops what is too old to be asked for. */
  forget(now: EpochMs): void {
    this.#recent.forget(now);
    this.tombstones.expire(now);
  }

  #insert(
    key: InstanceKey,
    record: InstanceRecord,
    revision: number,
    heard: Moment,
    before: Entry | undefined,
    same?: ServedInstance,
  ): ServedInstance {
    if (before !== undefined) this.#drop(before, revision);
    const { app, id } = before?.served ?? same ?? splitKey(key);
    const served = same ?? { key, app, id, revision, info: servedInfo(record) };
    this.#entries.set(key, { key, record, revision, served, heard: heard.lease, heardAt: heard.at });
    this.#apps.add(app, served);
    for (const name of names(record.info.vipAddress)) this.#vips.add(name, served);
    for (const name of names(record.info.secureVipAddress)) this.#secureVips.add(name, served);
    const keys = this.#ids.get(id);
    if (keys === undefined) this.#ids.set(id, [key]);
    else keys.push(key);
    this.#counts.set(record.info.status, (this.#counts.get(record.info.status) ?? 0) + 1);
    return served;
  }

  #drop({ served, record }: Entry, version: number): void {
    const { key, app, id } = served;
    this.#entries.delete(key);
    this.#apps.delete(app, served, version);
    for (const name of names(record.info.vipAddress)) this.#vips.delete(name, served, version);
    for (const name of names(record.info.secureVipAddress)) this.#secureVips.delete(name, served, version);
    const keys = this.#ids.get(id)!;
    if (keys.length === 1) this.#ids.delete(id);
    else keys.splice(keys.indexOf(key), 1);
    const left = this.#counts.get(record.info.status)! - 1;
    if (left === 0) this.#counts.delete(record.info.status);
    else this.#counts.set(record.info.status, left);
  }

  #lastHeard(key: InstanceKey): Moment | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined ? undefined : { lease: entry.heard, at: entry.heardAt };
  }

  #tell(applied: AppliedChange): void {
    this.#recent.add(applied);
    this.#changed.emit(applied);
  }

  /** A change that happened before this replica was loaded, as deltas show it; what stood there before it is not known. */
  #past(change: Change, epoch: string): AppliedChange | undefined {
    if (change.kind !== 'put' && change.kind !== 'remove') return undefined;
    const { key, at, version } = change;
    const { app, id } = splitKey(key);
    const cursor = { epoch, version };
    if (change.kind === 'remove') {
      if (change.last === undefined) return undefined;
      const delta = { key, app, id, revision: version, info: servedRemoval(change.last, at) };
      return { cursor, at, key, app, id, before: undefined, after: undefined, delta };
    }
    const held = this.#entries.get(key);
    const after =
      held?.served.revision === version
        ? held.served
        : { key, app, id, revision: version, info: servedInfo(change.record) };
    return { cursor, at, key, app, id, before: undefined, after, delta: after };
  }
}

/** One instance that a load brought. */
export interface Loaded {
  readonly key: InstanceKey;
  readonly record: InstanceRecord;
  readonly revision: number;
  readonly heard: Moment;
}

/** Each name of a comma list once, exactly as written: a lookup finds no other (protocol 1.5, rows 12 and 13). */
function names(list: string | undefined): Iterable<string> {
  if (list === undefined || list === '') return [];
  return list.includes(',') ? new Set(list.split(',')) : [list];
}
