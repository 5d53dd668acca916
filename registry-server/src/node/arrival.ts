/**
 * How a node comes to the store, at its start and after every fault: it asks where the store is, begins a new history where there is none or two
 * have parted (F2), and joins what it knows with what the store holds. It changes nothing of the node: whoever asked takes the result over.
 */
import { type Clock, type Random, sleep } from '@heureka/client-sdk/runtime';
import type { Replica } from '../replica/replica.ts';
import type { InstanceKey } from '../store/instance-key.ts';
import { RECORD_SCHEMA } from '../store/instance-record.ts';
import {
  type NodeReport,
  type Position,
  type RegistryStore,
  type Removal,
  registryActor,
  type Standing,
  StoreAway,
  type Stored,
  type Tick,
} from '../store/registry-store.ts';
import { type Joined, joinStore } from './join-store.ts';
import type { StoreTime } from './store-time.ts';
import { newToken } from './token.ts';

/** The store needs a newer program than this one. */
export class IncompatibleStore extends Error {
  override readonly name = 'IncompatibleStore';
}

/** A node without a replica leaves an empty store to one that has one for this long, ms. */
const FOUNDING_WAIT_MS = 1_500;
const RETRY_MS = 100;
/** Above every version that anybody may have seen, so that no cursor and no delta version comes back. */
const VERSION_JUMP = 1_000_000;
const SEED_PAGE = 500;

export interface ArrivalParts {
  readonly store: RegistryStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly id: string;
  readonly replica: Replica;
  readonly time: StoreTime;
  readonly foundingWaitMs: number | undefined;
  readonly report: () => NodeReport;
  readonly ticked: (tick: Tick) => void;
  /** Something was found wrong, and what is done about it. */
  readonly fault: (sentence: string) => void;
  /** What this node waits for, while it waits. */
  readonly waits: (reason: string) => void;
}

/** What this node brings along. */
export interface Luggage {
  readonly position: Position | undefined;
  /** Instances that it may know more of than a store on the same history; more may come until the store is reached. */
  readonly marked: ReadonlySet<InstanceKey>;
  /** Store time when it followed last: what it heard since, the store may never have been told. */
  readonly followedUntil: number;
  /** Whether the store was seen to hold something else than its log says: everything is joined. */
  readonly doubtful: boolean;
  /** Shared by the nodes of the registry, so far as known. */
  readonly secret: string;
}

export class Arrival {
  readonly #parts: ArrivalParts;

  constructor(parts: ArrivalParts) {
    this.#parts = parts;
  }

  /**
   * @param reached - called when the store has answered and takes writes, before anything is loaded
   * @throws StoreAway, Diverged, IncompatibleStore
   */
  async arrive(luggage: Luggage, reached: () => void, signal: AbortSignal): Promise<Joined> {
    const { store, time } = this.#parts;
    for (;;) {
      if (signal.aborted) throw new StoreAway('not done', 'this node is shutting down');
      const standing = await store.attach(luggage.position);
      if (standing.kind === 'incompatible') {
        throw new IncompatibleStore(
          `the store's records need schema ${standing.needs}, this program reads up to ${RECORD_SCHEMA}`,
        );
      }
      if (standing.kind === 'seeding') {
        this.#parts.waits(`another node fills the store`);
        await sleep(this.#parts.clock, RETRY_MS, signal);
        continue;
      }
      const founded = await this.#foundWhereNeeded(standing, luggage, signal);
      if (founded === 'again') continue;
      const stands = founded ?? standing;
      if (stands.kind !== 'follows' && stands.kind !== 'diverged') continue;
      // A store that answers reads and refuses writes is away, and is not loaded again and again to find that out.
      // It also tells of the other nodes, before this one may be the only one to lose the store.
      this.#parts.ticked(await store.tick(this.#parts.report()));
      reached();
      this.#parts.waits('the registry is being loaded');
      time.sync(stands.time, stands.lease);
      return joinStore(this.#joinParts(), this.#keys(stands, founded !== undefined, luggage), signal);
    }
  }

  #joinParts(): Parameters<typeof joinStore>[0] {
    const { store, replica, time, random, id } = this.#parts;
    return { store, replica, time, random, actor: registryActor(id) };
  }

  /** Of which instances this node may know more than the store. */
  #keys(standing: Standing, founded: boolean, luggage: Luggage): ReadonlySet<InstanceKey> | 'all' {
    const { replica } = this.#parts;
    if (!replica.loaded) return new Set();
    if (founded || luggage.doubtful) return 'all';
    if (standing.kind !== 'diverged') return luggage.marked;
    if (standing.why !== 'trimmed') return 'all';
    // The same history, only too far on: what it dropped meanwhile it knew of. Only what was heard here since can be news to it.
    const keys = new Set(luggage.marked);
    for (const { served, heardAt } of replica.entries()) if (heardAt > luggage.followedUntil) keys.add(served.key);
    return keys;
  }

  /** @returns what stands after a founding of ours, `again` to ask once more, undefined where no founding is due */
  async #foundWhereNeeded(
    standing: Standing,
    luggage: Luggage,
    signal: AbortSignal,
  ): Promise<Standing | 'again' | undefined> {
    const { store, clock, replica, fault, waits } = this.#parts;
    if (standing.kind === 'empty') {
      if (replica.loaded) {
        fault('the store is empty: it is filled from the replica of whichever node comes first');
        return this.#found({ seed: this.#seed() }, 0, luggage);
      }
      // One that has a replica should come first.
      const waitMs = this.#parts.foundingWaitMs ?? FOUNDING_WAIT_MS;
      if (waitMs > 0) {
        waits('the store is empty, and a node that remembers the registry may fill it');
        await sleep(clock, waitMs, signal);
        const now = await store.attach(undefined);
        if (now.kind !== 'empty') return 'again';
      }
      return this.#found({ seed: nothing() }, 0, luggage);
    }
    if (standing.kind !== 'diverged') return undefined;
    const parted = replica.loaded && (standing.why === 'older' || standing.why === 'forked');
    if (!parted && standing.why !== 'unfinished') return undefined;
    fault(
      `the store shows another history (${standing.why}): it is joined with what the nodes know, under a new epoch`,
    );
    return this.#found({ over: standing.position }, standing.position.version, luggage);
  }

  async #found(
    base: { seed: AsyncIterable<readonly Stored[]> } | { over: Position },
    version: number,
    { position, secret }: Luggage,
  ): Promise<Standing | 'again'> {
    const { store, replica, time, random, id } = this.#parts;
    const known = Math.max(version, position?.version ?? 0, replica.cursor.version);
    const tombstones: Removal[] = [];
    for (const { removal } of replica.tombstones.all()) {
      if (replica.entry(removal.key) === undefined) tombstones.push(removal);
    }
    const standing = await store.found({
      self: id,
      version: replica.loaded || version > 0 ? known + VERSION_JUMP : 1,
      // One that never saw a lease clock begins it with the time of day, so that the clocks of two histories are of one scale.
      lease: replica.loaded ? time.lease : time.now,
      secret: secret || newToken(random),
      tombstones,
      ...base,
    });
    return standing.kind === 'follows' ? standing : 'again';
  }

  /** With the true ages, as a cancel elsewhere is held against them; the founding itself gives every lease its length anew. */
  async *#seed(): AsyncIterable<readonly Stored[]> {
    const { replica, time } = this.#parts;
    let page: Stored[] = [];
    for (const { served, record, heard } of replica.entries()) {
      page.push({ key: served.key, revision: 0, token: '', record, age: Math.max(0, time.lease - heard) });
      if (page.length < SEED_PAGE) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
  }
}

async function* nothing(): AsyncIterable<readonly Stored[]> {}
