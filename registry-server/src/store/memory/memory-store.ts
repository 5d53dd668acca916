/**
 * The embedded store: the registry's truth in this process, for one node. With a data file (`openMemoryStore`) it survives a restart: a change
 * is in the file before it is acknowledged.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '@heureka/client-sdk/runtime';
import type { InstanceKey } from '../instance-key.ts';
import {
  type Change,
  type Committed,
  type Conflict,
  Diverged,
  type Due,
  type Founding,
  type NodeReport,
  type Position,
  type Proposal,
  type RegistryStore,
  type Renewal,
  registryActor,
  type Snapshot,
  type Standing,
  StoreAway,
  type Stored,
  SweepOver,
  type SweepToken,
  type Tick,
} from '../registry-store.ts';
import { CHANGES_KEPT, CHANGES_KEPT_MS, DEFAULT_LEASE_MS, PAGE } from '../store-limits.ts';
import {
  type Applied,
  apply,
  type Entry,
  emptyState,
  type Head,
  leaseClock,
  type MemoryState,
} from './memory-state.ts';

/** Where changes are kept beyond the process. */
export interface Journal {
  /** Keeps one change. Returns when it is kept. @throws when it could not be */
  append(applied: Applied, head: Head): void;
  /** Keeps a whole new state: a founding. */
  replace(state: MemoryState): void;
  /** Once a second. */
  tick(state: MemoryState): void;
  close(state: MemoryState): Promise<void>;
}

export interface MemoryStoreOptions {
  readonly clock: Clock;
  readonly state?: MemoryState;
  readonly journal?: Journal;
}

export class MemoryStore implements RegistryStore {
  readonly #clock: Clock;
  readonly #state: MemoryState;
  readonly #journal: Journal | undefined;
  readonly #nodes = new Map<string, { readonly report: NodeReport; readonly at: number }>();
  readonly #waiting = new Set<() => void>();
  #sweep = { id: '', at: 0 };
  #quietUntil = 0;
  #closed = false;

  constructor({ clock, state = emptyState(), journal }: MemoryStoreOptions) {
    this.#clock = clock;
    this.#state = state;
    this.#journal = journal;
    this.#quietUntil = state.head === undefined ? 0 : clock.now() + 5_000;
  }

  async attach(known: Position | undefined): Promise<Standing> {
    this.#check();
    return this.#standing(known);
  }

  async found(founding: Founding): Promise<Standing> {
    this.#check();
    const { head } = this.#state;
    if ('over' in founding ? head?.epoch !== founding.over.epoch : head !== undefined) return this.#standing(undefined);
    const now = this.#clock.now();
    const token = randomUUID();
    const version = Math.max(founding.version, head === undefined ? 0 : head.version + 1);
    const lease = Math.max(founding.lease, head === undefined ? 0 : leaseClock(head, now));
    const records = new Map<InstanceKey, Entry>('over' in founding ? this.#state.records : []);
    if ('seed' in founding) {
      for await (const page of founding.seed) {
        for (const { key, record, age } of page) {
          const duration = (record.info.leaseInfo?.durationInSecs ?? DEFAULT_LEASE_MS / 1_000) * 1_000;
          records.set(key, { revision: version, token, record, duration, deadline: lease + duration - age });
        }
      }
      // Another caller may have founded while the seed was read.
      if (this.#state.head !== undefined) return this.#standing(undefined);
    }
    const next: MemoryState = {
      ...emptyState(),
      head: { epoch: randomUUID(), version, token, secret: founding.secret, lease, tick: now, opened: lease },
      records,
      holds: new Map('over' in founding ? this.#state.holds : []),
    };
    const by = registryActor(founding.self);
    for (const removal of founding.tombstones) {
      const { version: before, token: previous } = next.head!;
      next.log.push({ ...removal, version: before + 1, token: randomUUID(), previous, at: now, by });
      next.head = { ...next.head!, version: before + 1, token: next.log.at(-1)!.token };
    }
    this.#keep(() => this.#journal?.replace(next));
    this.#state.head = next.head;
    this.#state.log = next.log;
    this.#state.records.clear();
    for (const [key, entry] of records) this.#state.records.set(key, entry);
    this.#quietUntil = now + 5_000;
    this.#wake();
    return this.#standing(next.head);
  }

  async load(): Promise<Snapshot> {
    const head = this.#head();
    return {
      position: positionOf(head),
      pages: this.#pages(head.epoch, [...this.#state.records.keys()]),
      recent: [...this.#state.log],
      holds: [...this.#state.holds.values()],
    };
  }

  async *changes(after: Position, signal: AbortSignal): AsyncGenerator<readonly Change[]> {
    let at = after;
    while (!signal.aborted) {
      this.#check();
      const why = this.#doubt(at);
      if (why !== undefined) throw new Diverged(`the log is another one: ${why}`);
      const { log } = this.#state;
      const start = at.version - (log[0]?.version ?? 0) + 1;
      const batch = log.slice(Math.max(0, start), Math.max(0, start) + PAGE);
      if (batch.length === 0) {
        await this.#news(signal);
        continue;
      }
      const last = batch.at(-1)!;
      at = { epoch: at.epoch, version: last.version, token: last.token };
      yield batch;
    }
  }

  async read(keys: readonly InstanceKey[]): Promise<readonly (Stored | undefined)[]> {
    const lease = leaseClock(this.#head(), this.#clock.now());
    return keys.map((key) => stored(key, this.#state.records.get(key), lease));
  }

  async commit(proposal: Proposal): Promise<Committed | Conflict> {
    const { change, token, on } = proposal;
    const head = this.#on(on);
    const now = this.#clock.now();
    const lease = leaseClock(head, now);
    const entry = 'key' in change ? this.#state.records.get(change.key) : undefined;
    const repeated = this.#repeated(proposal, entry);
    if (repeated !== undefined) return { is: 'committed', change: repeated };
    if (proposal.sweep !== undefined && !this.#sweeping(proposal.sweep)) throw new SweepOver('another node sweeps now');
    if ('key' in change) {
      const early =
        change.kind === 'remove' && change.why === 'evict' && entry !== undefined && entry.deadline + 500 > lease;
      if ((entry?.revision ?? 0) !== proposal.expected || early) {
        return { is: 'conflict', current: stored(change.key, entry, lease) };
      }
    }
    const duration = proposal.lease?.duration ?? entry?.duration ?? DEFAULT_LEASE_MS;
    const keeps = proposal.lease === undefined && entry !== undefined;
    const applied: Applied = {
      change: { ...change, version: head.version + 1, token, previous: head.token, at: now, by: proposal.by },
      duration,
      deadline: keeps ? entry.deadline : lease + duration - (proposal.lease?.age ?? 0),
    };
    this.#keep(() => this.#journal?.append(applied, { ...head, lease, tick: now }));
    apply(this.#state, applied);
    this.#wake();
    return { is: 'committed', change: applied.change };
  }

  async renew(on: Position, renewals: readonly Renewal[]): Promise<readonly InstanceKey[]> {
    const lease = leaseClock(this.#on(on), this.#clock.now());
    const missing: InstanceKey[] = [];
    for (const { key, duration, age } of renewals) {
      const entry = this.#state.records.get(key);
      if (entry === undefined) missing.push(key);
      else entry.deadline = Math.max(entry.deadline, lease + duration - age);
    }
    return missing;
  }

  async tick(self: NodeReport): Promise<Tick> {
    const head = this.#head();
    const now = this.#clock.now();
    const gap = now - head.tick;
    const lease = leaseClock(head, now);
    if (gap < 0 || gap > 3_000) {
      this.#quietUntil = now + 5_000;
      this.#sweep = { id: '', at: this.#sweep.at };
    }
    this.#quietUntil = Math.min(this.#quietUntil, now + 5_000);
    this.#state.head = { ...head, lease, tick: now };
    this.#nodes.set(self.id, { report: self, at: now });
    for (const [id, { at }] of this.#nodes) if (now - at > 10_000) this.#nodes.delete(id);
    this.#trim(now);
    this.#journal?.tick(this.#state);
    const stood = now < this.#quietUntil;
    const since = now - this.#sweep.at;
    const sweeps = !stood && (since >= 990 || since < 0);
    if (sweeps) this.#sweep = { id: randomUUID(), at: now };
    let expired = 0;
    for (const { deadline } of this.#state.records.values()) if (deadline <= lease) expired++;
    return {
      position: positionOf(head),
      lease,
      time: now,
      opened: head.opened ?? 0,
      stood,
      size: this.#state.records.size,
      leases: this.#state.records.size,
      expired,
      ...(sweeps ? { sweep: { id: this.#sweep.id } } : {}),
      nodes: [...this.#nodes.values()].map(({ report }) => report),
      secret: head.secret,
    };
  }

  async due(sweep: SweepToken, within: number): Promise<readonly Due[]> {
    const lease = leaseClock(this.#head(), this.#clock.now());
    if (!this.#sweeping(sweep)) throw new SweepOver('another node sweeps now');
    const due: Due[] = [];
    for (const [key, { deadline, duration }] of this.#state.records) {
      if (deadline <= lease + within) due.push({ key, duration, age: Math.max(0, lease - (deadline - duration)) });
    }
    return due;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake();
    await this.#journal?.close(this.#state);
  }

  #check(): void {
    if (this.#closed) throw new StoreAway('not done', 'the store was closed');
  }

  #head(): Head {
    this.#check();
    if (this.#state.head === undefined) throw new Diverged('the store is empty');
    return this.#state.head;
  }

  #on(on: Position): Head {
    const head = this.#head();
    if (head.epoch !== on.epoch) throw new Diverged('the store has another epoch');
    if (head.version < on.version) throw new Diverged('the store is older than this node');
    if (head.version === on.version && head.token !== on.token) {
      throw new Diverged('the store is at the same version of another history');
    }
    return head;
  }

  #standing(known: Position | undefined): Standing {
    const { head } = this.#state;
    if (head === undefined) return { kind: 'empty' };
    const time = this.#clock.now();
    const place = { position: positionOf(head), lease: leaseClock(head, time), time };
    const why = known === undefined ? undefined : this.#doubt(known);
    return why === undefined ? { kind: 'follows', ...place } : { kind: 'diverged', ...place, why };
  }

  /** Why a position is not on this history; undefined: it is. */
  #doubt({ epoch, version, token }: Position): 'epoch' | 'older' | 'forked' | 'trimmed' | undefined {
    const head = this.#head();
    const { log } = this.#state;
    if (head.epoch !== epoch) return 'epoch';
    if (version > head.version) return 'older';
    if (version === head.version) return head.token === token ? undefined : 'forked';
    if (log[0] === undefined) return 'trimmed';
    const index = version - log[0].version;
    if (index < -1) return 'trimmed';
    return (index === -1 ? log[0].previous : log[index]!.token) === token ? undefined : 'forked';
  }

  #repeated({ token, on }: Proposal, entry: Entry | undefined): Change | undefined {
    const { log } = this.#state;
    const first = log[0]?.version ?? 0;
    if (entry !== undefined) return entry.token === token ? log[entry.revision - first] : undefined;
    return log.slice(Math.max(0, on.version - first + 1)).find((past) => past.token === token);
  }

  #sweeping({ id }: SweepToken): boolean {
    return id === this.#sweep.id && this.#clock.now() - this.#sweep.at < 5_000;
  }

  #trim(now: number): void {
    const { log } = this.#state;
    let gone = Math.max(0, log.length - CHANGES_KEPT);
    while (gone < log.length && now - log[gone]!.at > CHANGES_KEPT_MS) gone++;
    if (gone > 0) this.#state.log = log.slice(gone);
  }

  async *#pages(epoch: string, keys: readonly InstanceKey[]): AsyncGenerator<readonly Stored[]> {
    for (let start = 0; start < keys.length; start += PAGE) {
      const head = this.#head();
      if (head.epoch !== epoch) throw new Diverged('the store was founded anew while it was read');
      const lease = leaseClock(head, this.#clock.now());
      const page = keys.slice(start, start + PAGE).map((key) => stored(key, this.#state.records.get(key), lease));
      yield page.filter((one) => one !== undefined);
    }
  }

  /** @throws {StoreAway} when the change could not be kept: it was not made */
  #keep(write: () => void): void {
    try {
      write();
    } catch (error) {
      throw new StoreAway('not done', `the data file could not be written: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** Resolves at the next change, or when aborted. A reader holds nothing meanwhile but its place. */
  #news(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        this.#waiting.delete(done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}

function positionOf({ epoch, version, token }: Position): Position {
  return { epoch, version, token };
}

function stored(key: InstanceKey, entry: Entry | undefined, lease: number): Stored | undefined {
  if (entry === undefined) return undefined;
  const { revision, token, record, deadline, duration } = entry;
  return { key, revision, token, record, age: Math.max(0, lease - (deadline - duration)) };
}
