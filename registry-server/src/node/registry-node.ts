/**
 * One node of a registry: it follows the store, keeps the replica in step with it, makes the registry's decisions true, and goes on alone when
 * the store is away. Its states and what each answers are those of `NodeState`; this file moves between them.
 *
 *     starting -> following <-> (lost for a second) -> cut-off | away -> rejoining -> following
 */
import { type Clock, Emitter, type Random, type Subscribe, sleep } from '@heureka/client-sdk/runtime';
import { peerWithStore } from '../cluster/peers.ts';
import { JUDGE_DEFAULTS, type JudgeOptions } from '../registry/judge.ts';
import type { Held, Ledger, Rule } from '../registry/ledger.ts';
import type { NodeState } from '../registry/node-state.ts';
import type { Answer } from '../registry/registry.ts';
import type { RequestContext } from '../registry/request-context.ts';
import type { EpochMs } from '../registry/time.ts';
import { type Entry, Replica } from '../replica/replica.ts';
import type { ReplicaReader } from '../replica/replica-reader.ts';
import { WaitingRoom } from '../replica/waiting-room.ts';
import type { InstanceKey } from '../store/instance-key.ts';
import { RECORD_SCHEMA } from '../store/instance-record.ts';
import {
  type Actor,
  type Change,
  Diverged,
  type Hold,
  type NodeReport,
  type Position,
  type Proposal,
  type RegistryStore,
  type Removal,
  type Standing,
  StoreAway,
  type Stored,
  SweepOver,
  type Tick,
} from '../store/registry-store.ts';
import { Beats, type PendingBeat } from './beats.ts';
import { Finder } from './finder.ts';
import { joinStore, leaseOf } from './join-store.ts';
import { holdSentence, type NodeEvent, type NodeStatus } from './node-events.ts';
import { StoreTime } from './store-time.ts';
import { sweep } from './sweep.ts';
import { newToken } from './token.ts';

export interface RegistryNodeOptions {
  readonly store: RegistryStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Unique among the nodes of this registry, and new for each start. */
  readonly id: string;
  /** Where other nodes reach this one; empty: nowhere. */
  readonly url: string;
  readonly judge?: JudgeOptions;
  /** How long a node without a replica leaves an empty store to one that has one, in ms; 0 for a store of one's own. */
  readonly foundingWaitMs?: number;
}

/** The store needs a newer program than this one. */
export class IncompatibleStore extends Error {
  override readonly name = 'IncompatibleStore';
}

const TICK_MS = 1_000;
/** The store may be gone this long before anything changes; commits wait. */
const BLIP_MS = 1_000;
const RETRY_MS = 100;
const RETRY_AWAY_MS = 500;
const FOUNDING_WAIT_MS = 1_500;
const MAX_CONFLICTS = 20;
const MAX_MARKED = 100_000;
/** Above every version that anybody may have seen, so that no cursor and no delta version comes back. */
const VERSION_JUMP = 1_000_000;

export class RegistryNode implements Ledger {
  readonly #options: RegistryNodeOptions;
  readonly #store: RegistryStore;
  readonly #clock: Clock;
  readonly #replica = new Replica();
  readonly #time: StoreTime;
  readonly #beats: Beats;
  readonly #finder: Finder;
  readonly #events = new Emitter<NodeEvent>();
  readonly #stopping = new AbortController();
  readonly #marked = new Set<InstanceKey>();
  #state: NodeState;
  #position: Position | undefined;
  #room: WaitingRoom | undefined;
  #holds = new Map<string, Hold>();
  #nodes: readonly NodeReport[] = [];
  #secret = '';
  #storeSize = 0;
  #lastFault: string | undefined;
  /** Settled while changes can be made (or refused); pending while the store is lost for less than a blip, or is being joined. */
  #gate: Gate = openGate();
  /** Tells the running follower that a commit or flush met a fault. */
  #broken: (error: unknown) => void = () => undefined;
  #sweeping: Promise<void> | undefined;
  #life: Promise<void> | undefined;

  readonly onEvent: Subscribe<NodeEvent> = this.#events.subscribe;

  constructor(options: RegistryNodeOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#clock = options.clock;
    this.#time = new StoreTime(options.clock);
    this.#beats = new Beats(options.clock, (beats) => this.#flush(beats));
    this.#finder = new Finder(options.store, options.clock);
    this.#state = { is: 'starting', since: this.#time.now, reason: 'the store has not been asked yet' };
  }

  // ---- what readers see

  get replica(): ReplicaReader {
    return this.#replica;
  }

  get state(): NodeState {
    return this.#state;
  }

  get status(): NodeStatus {
    return {
      state: this.#state,
      position: this.#position,
      storeSize: this.#storeSize,
      replicaSize: this.#replica.size,
      holds: [...this.#holds.values()],
      marked: this.#marked.size,
      nodes: this.#nodes,
      lastFault: this.#lastFault,
    };
  }

  findById(id: string): InstanceKey | undefined {
    return this.#replica.findById(id);
  }

  // ---- the ledger

  get now(): EpochMs {
    return this.#time.now;
  }

  get size(): number {
    return this.#replica.size;
  }

  sizeOf(app: string): number {
    return this.#replica.sizeOf(app);
  }

  get renewsLastMinute(): number {
    return this.#beats.lastMinute;
  }

  actor({ principal, address, requestId }: RequestContext): Actor {
    return { principal, address, node: this.#options.id, request: requestId };
  }

  held(key: InstanceKey): Held | undefined {
    const entry = this.#replica.entry(key);
    return entry === undefined ? undefined : heldOf(key, entry);
  }

  async find(key: InstanceKey): Promise<Held | undefined> {
    const known = this.held(key);
    if (known !== undefined || this.#is() !== 'following') return known;
    try {
      const stored = await this.#finder.find(key);
      return this.held(key) ?? (stored === undefined ? undefined : this.#heldOfStored(stored));
    } catch (error) {
      this.#broken(error);
      return this.held(key);
    }
  }

  beat(key: InstanceKey): void {
    const entry = this.#replica.entry(key);
    if (entry !== undefined) this.#replica.beat(entry, this.#time.moment);
    this.#beats.note(key);
  }

  async change(context: RequestContext, key: InstanceKey, rule: Rule): Promise<Answer> {
    const by = this.actor(context);
    let current: Held | undefined;
    let repeat: Proposal | undefined;
    for (let attempt = 0; attempt < MAX_CONFLICTS; attempt++) {
      await this.#gate.open;
      const state = this.#is();
      if (state === 'starting' || state === 'cut-off') return { is: 'unavailable', reason: this.#reason() };
      if (state !== 'following') return this.#changeAlone(key, rule);
      try {
        current ??= await this.find(key);
        if (this.#is() !== 'following') continue;
        const decision = rule(current, this.now);
        if (decision.is === 'keep') {
          if (decision.beat) this.beat(key);
          return decision.answer;
        }
        // Nobody has it, here or in the store: there is nothing to remove, and no other history to warn.
        if (decision.is === 'remove' && current === undefined) return decision.answer;
        const proposal = sameEpoch(repeat, this.#position) ?? this.#proposal(key, decision, current, by);
        repeat = proposal;
        const answer = await this.#store.commit(proposal);
        if (answer.is === 'conflict') {
          repeat = undefined;
          current = answer.current === undefined ? undefined : this.#heldOfStored(answer.current);
          if (current === undefined && decision.is === 'remove') return decision.answer;
          continue;
        }
        await this.#applied(answer.change);
        this.#finder.forget(key);
        return decision.answer;
      } catch (error) {
        current = undefined;
        // What may or may not have landed is not guessed: the join finds out (F6).
        if (error instanceof StoreAway && error.outcome === 'unknown') this.#marked.add(key);
        if (!(error instanceof StoreAway || error instanceof Diverged)) throw error;
        this.#shut();
        this.#broken(error);
      }
    }
    return {
      is: 'unavailable',
      reason: `${key} was changed by other nodes ${MAX_CONFLICTS} times while this change was made`,
    };
  }

  // ---- life

  /** Resolves when the registry is loaded and served. @throws StoreAway when the store cannot be reached, IncompatibleStore */
  async start(): Promise<void> {
    await this.#connect();
    this.#life = this.#live();
  }

  /** Not ready from now on; serves as before. */
  drain(): void {
    if (this.#state.is === 'draining') return;
    this.#enter({ is: 'draining', since: this.now, was: this.#state.is });
  }

  /** Writes what waits, and leaves the registry. */
  async stop(): Promise<void> {
    await this.#beats.flush();
    this.#stopping.abort();
    this.#gate.pass();
    await this.#life;
    await this.#store.close();
  }

  async #live(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      let lost: unknown;
      try {
        await this.#follow();
      } catch (error) {
        lost = error;
      }
      if (this.#stopping.signal.aborted) return;
      this.#shut();
      this.#beats.open = false;
      await this.#return(lost);
    }
  }

  /** Until the store is there again and this node in step with it. */
  async #return(first: unknown): Promise<void> {
    const lostAt = this.#clock.monotonic();
    let reason = sentence(first);
    for (;;) {
      try {
        await this.#connect(reason);
        return;
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        reason = sentence(error);
      }
      const alone = this.#clock.monotonic() - lostAt >= BLIP_MS;
      if (alone) await this.#goAlone(reason);
      await sleep(this.#clock, alone ? RETRY_AWAY_MS : RETRY_MS, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
    }
  }

  /** Takes part in the store's history: loads it, joins what is newer here, or begins a new one where there is none. */
  async #connect(why = 'starting'): Promise<void> {
    for (;;) {
      if (this.#stopping.signal.aborted) throw new StoreAway('not done', 'this node is shutting down');
      const standing = await this.#store.attach(this.#position);
      if (standing.kind === 'incompatible') {
        throw new IncompatibleStore(
          `the store's records need schema ${standing.needs}, this program reads up to ${RECORD_SCHEMA}`,
        );
      }
      if (standing.kind === 'seeding') {
        await sleep(this.#clock, RETRY_MS, this.#stopping.signal);
        continue;
      }
      if (this.#replica.loaded && why !== 'starting') this.#enterRejoining(why);
      const founded = await this.#foundWhereNeeded(standing);
      if (founded === 'again') continue;
      const stands = founded ?? standing;
      if (stands.kind !== 'follows' && stands.kind !== 'diverged') continue;
      this.#time.sync(stands.time, stands.lease);
      await this.#load(stands.kind === 'diverged' || founded !== undefined ? 'all' : this.#marked);
      return;
    }
  }

  /** @returns what stands after a founding of ours, `again` to ask once more, undefined where no founding is due */
  async #foundWhereNeeded(standing: Standing): Promise<Standing | 'again' | undefined> {
    if (standing.kind === 'empty') {
      if (this.#replica.loaded) {
        this.#fault('the store came back empty: this node fills it from its replica');
        return this.#found({ seed: this.#seed() }, 0);
      }
      // One that has a replica should come first.
      const waitMs = this.#options.foundingWaitMs ?? FOUNDING_WAIT_MS;
      if (waitMs > 0) {
        await sleep(this.#clock, waitMs, this.#stopping.signal);
        const now = await this.#store.attach(undefined);
        if (now.kind !== 'empty') return 'again';
      }
      return this.#found({ seed: nothing() }, 0);
    }
    const forked =
      standing.kind === 'diverged' && this.#replica.loaded && (standing.why === 'older' || standing.why === 'forked');
    if (forked || (standing.kind === 'diverged' && standing.why === 'unfinished')) {
      this.#fault(
        `the store shows another history (${standing.why}): this node joins it with its own under a new epoch`,
      );
      return this.#found({ over: standing.position }, standing.position.version);
    }
    return undefined;
  }

  async #found(
    base: { seed: AsyncIterable<readonly Stored[]> } | { over: Position },
    version: number,
  ): Promise<Standing | 'again'> {
    const known = Math.max(version, this.#position?.version ?? 0, this.#replica.cursor.version);
    const tombstones: Removal[] = [];
    for (const { removal } of this.#replica.tombstones.all()) {
      if (this.#replica.entry(removal.key) === undefined) tombstones.push(removal);
    }
    const standing = await this.#store.found({
      self: this.#options.id,
      version: this.#replica.loaded || version > 0 ? known + VERSION_JUMP : 1,
      lease: this.#time.lease,
      secret: this.#secret || newToken(this.#options.random),
      tombstones,
      ...base,
    });
    return standing.kind === 'follows' ? standing : 'again';
  }

  async *#seed(): AsyncIterable<readonly Stored[]> {
    let page: Stored[] = [];
    for (const { served, record } of this.#replica.entries()) {
      page.push({ key: served.key, revision: 0, token: '', record, age: 0 });
      if (page.length < 500) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
  }

  async #load(keys: ReadonlySet<InstanceKey> | 'all'): Promise<void> {
    const actor = { principal: 'heureka', address: '', node: this.#options.id };
    const known = this.#replica.loaded ? keys : new Set<InstanceKey>();
    const joined = await joinStore(
      { store: this.#store, replica: this.#replica, time: this.#time, random: this.#options.random, actor },
      known,
      this.#stopping.signal,
    );
    const { position } = joined;
    const before = this.#replica.size;
    const again = this.#replica.loaded;
    this.#replica.replace(joined.content, { epoch: position.epoch, version: position.version }, joined.recent);
    this.#position = position;
    this.#holds = new Map(joined.holds.map((hold) => [hold.group, hold]));
    this.#room = new WaitingRoom(position.version, (change) => this.#apply(change));
    this.#marked.clear();
    if (again) {
      const { written } = joined;
      this.#events.emit({
        kind: 'joined',
        written,
        adopted: Math.max(0, this.#replica.size - before),
        instances: this.#replica.size,
      });
    }
    this.#enter({ is: 'following', since: this.now });
    this.#beats.open = true;
    this.#gate.pass();
    this.#gate = openGate();
  }

  // ---- following

  async #follow(): Promise<void> {
    const ended = new AbortController();
    const signal = AbortSignal.any([ended.signal, this.#stopping.signal]);
    const broken = new Promise<never>((_, reject) => {
      this.#broken = reject;
    });
    const work = [this.#tail(signal), this.#tickLoop(signal)];
    try {
      await Promise.race([broken, ...work]);
    } finally {
      ended.abort();
      this.#broken = () => undefined;
      await Promise.allSettled(work);
      await this.#sweeping;
    }
  }

  async #tail(signal: AbortSignal): Promise<void> {
    const room = this.#room!;
    for await (const batch of this.#store.changes(this.#position!, signal))
      for (const change of batch) room.admit(change);
    if (!signal.aborted) throw new StoreAway('not done', 'the change log ended');
  }

  async #tickLoop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { id, url } = this.#options;
      const report = { id, url, schema: RECORD_SCHEMA, renewsLastMinute: this.renewsLastMinute };
      this.#noteTick(await this.#store.tick(report));
      await sleep(this.#clock, TICK_MS, signal);
    }
  }

  #noteTick(tick: Tick): void {
    this.#time.sync(tick.time, tick.lease);
    this.#nodes = tick.nodes;
    this.#secret = tick.secret;
    this.#storeSize = tick.size;
    const position = this.#position!;
    if (tick.position.epoch !== position.epoch) throw new Diverged('the store has a new epoch');
    if (tick.position.version < position.version) {
      throw new Diverged(`the store is at version ${tick.position.version}, this node at ${position.version}`);
    }
    if (tick.position.version === position.version) {
      if (tick.position.token !== position.token)
        throw new Diverged('the store has another history of the same length');
      if (tick.size !== this.#replica.size) {
        throw new Diverged(
          `the store holds ${tick.size} records, this node ${this.#replica.size}: something else deletes there`,
        );
      }
    }
    this.#replica.forget(this.now);
    if (
      tick.sweep !== undefined &&
      !tick.stood &&
      (tick.expired > 0 || this.#holds.size > 0) &&
      this.#sweeping === undefined
    ) {
      this.#sweeping = this.#sweep(tick).finally(() => {
        this.#sweeping = undefined;
      });
    }
  }

  async #sweep(tick: Tick): Promise<void> {
    try {
      const { evicted } = await sweep(
        {
          store: this.#store,
          replica: this.#replica,
          time: this.#time,
          random: this.#options.random,
          actor: { principal: 'heureka', address: '', node: this.#options.id },
          options: this.#options.judge ?? JUDGE_DEFAULTS,
          position: () => this.#position!,
          holds: () => [...this.#holds.values()],
        },
        tick.sweep!,
        tick.lease,
      );
      if (evicted > 0) this.#events.emit({ kind: 'evicted', count: evicted });
    } catch (error) {
      if (!(error instanceof SweepOver)) this.#broken(error);
    }
  }

  #apply(change: Change): void {
    this.#replica.apply(change, this.#time.moment);
    this.#position = { epoch: this.#position!.epoch, version: change.version, token: change.token };
    if (change.kind !== 'hold' && change.kind !== 'release') return;
    const { hold } = change;
    if (change.kind === 'hold') this.#holds.set(hold.group, hold);
    else this.#holds.delete(hold.group);
    this.#events.emit({ kind: change.kind, hold, sentence: holdSentence(hold) });
  }

  /** Resolves once the replica shows the change, whichever source brings it first (F7). */
  async #applied(change: Change): Promise<void> {
    const room = this.#room!;
    room.admit(change);
    await Promise.race([room.turnOf(change.version), this.#gate.lost]);
  }

  #proposal(
    key: InstanceKey,
    decision: Exclude<ReturnType<Rule>, { is: 'keep' }>,
    held: Held | undefined,
    by: Actor,
  ): Proposal {
    const change =
      decision.is === 'put'
        ? ({ kind: 'put', key, record: decision.record, why: decision.why } as const)
        : decision.removal;
    return {
      token: newToken(this.#options.random),
      on: this.#position!,
      expected: held?.revision ?? 0,
      change,
      by,
      ...(decision.is === 'put' && decision.beat ? { lease: leaseOf(decision.record, 0) } : {}),
    };
  }

  async #flush(beats: readonly PendingBeat[]): Promise<void> {
    if (this.#is() !== 'following') {
      this.#beats.keep(beats);
      return;
    }
    const now = this.#clock.monotonic();
    const renewals = [];
    for (const { key, at } of beats) {
      const record = this.#replica.entry(key)?.record ?? this.#replica.tombstones.get(key)?.last;
      if (record !== undefined) renewals.push({ key, ...leaseOf(record, Math.floor(now - at)) });
    }
    if (renewals.length === 0) return;
    try {
      const without = await this.#store.renew(this.#position!, renewals);
      const byKey = new Map(beats.map((beat) => [beat.key, beat]));
      for (const key of without) await this.#revive(byKey.get(key)!);
    } catch (error) {
      this.#beats.keep(beats);
      this.#broken(error);
    }
  }

  /** A beat that was acknowledged while its lease was being evicted elsewhere undoes that; one after a cancel does not (F4). */
  async #revive({ key, at }: PendingBeat): Promise<void> {
    const age = Math.floor(this.#clock.monotonic() - at);
    const entry = this.#replica.entry(key);
    const stone = this.#replica.tombstones.get(key);
    const evicted = stone?.why === 'evict' && stone.heard <= this.now - age ? stone.last : undefined;
    const record = entry?.record ?? evicted;
    if (record === undefined) return;
    const answer = await this.#store.commit({
      token: newToken(this.#options.random),
      on: this.#position!,
      expected: entry?.served.revision ?? 0,
      change: { kind: 'put', key, record, why: 'revive' },
      by: { principal: 'heureka', address: '', node: this.#options.id },
      lease: leaseOf(record, age),
    });
    if (answer.is === 'committed') await this.#applied(answer.change);
  }

  // ---- alone

  /** Neither store nor, perhaps, peers: decides what this node may do, and says so. */
  async #goAlone(reason: string): Promise<void> {
    const peer = await peerWithStore(this.#nodes, this.#options.id);
    if (this.#stopping.signal.aborted || !this.#replica.loaded) return;
    const is = peer === undefined ? 'away' : 'cut-off';
    if (this.#is() !== is) {
      if (is === 'away') this.#renumberAlone();
      this.#enter(
        peer === undefined ? { is: 'away', since: this.now, reason } : { is: 'cut-off', since: this.now, reason, peer },
      );
    }
    this.#gate.pass();
    this.#gate = openGate();
  }

  /** No cursor may stand for two contents: changes made alone are numbered under an epoch of this node's own. */
  #renumberAlone(): void {
    const { epoch, version } = this.#replica.cursor;
    const own = `${this.#position?.epoch ?? epoch}~${this.#options.id}`;
    if (epoch !== own) this.#replica.renumber({ epoch: own, version });
  }

  #changeAlone(key: InstanceKey, rule: Rule): Answer {
    const moment = this.#time.moment;
    const decision = rule(this.held(key), moment.at);
    if (decision.is === 'keep') {
      if (decision.beat) this.beat(key);
      return decision.answer;
    }
    if (this.#marked.size >= MAX_MARKED && !this.#marked.has(key)) {
      return {
        is: 'unavailable',
        reason: `${MAX_MARKED} instances were changed while the store is away: no more can be remembered`,
      };
    }
    this.#marked.add(key);
    const { epoch, version } = this.#replica.cursor;
    const cursor = { epoch, version: version + 1 };
    if (decision.is === 'remove') this.#replica.remove(decision.removal, cursor, moment.at);
    else this.#replica.put(key, decision.record, cursor.version, cursor, moment.at, moment);
    return decision.answer;
  }

  // ---- states

  /** What the node is, draining or not. */
  #is(): Exclude<NodeState['is'], 'draining'> {
    return this.#state.is === 'draining' ? this.#state.was : this.#state.is;
  }

  #reason(): string {
    const state = this.#state;
    return 'reason' in state ? state.reason : state.is;
  }

  #enterRejoining(reason: string): void {
    const is = this.#is();
    if (is === 'away' || is === 'cut-off') this.#enter({ is: 'rejoining', since: this.now, reason });
    this.#shut();
  }

  #enter(state: NodeState): void {
    const from = this.#state.is;
    if (from === 'draining' && state.is !== 'draining') {
      this.#state = { is: 'draining', since: this.#state.since, was: state.is };
      return;
    }
    this.#state = state;
    if (from !== state.is) this.#events.emit({ kind: 'state', from, state });
  }

  /** Changes wait until it is known what this node may do. */
  #shut(): void {
    if (!this.#gate.shut) this.#gate = shutGate(this.#gate);
  }

  #fault(text: string): void {
    this.#lastFault = text;
    this.#events.emit({ kind: 'fault', sentence: text });
  }

  #heldOfStored({ key, record, revision, age }: Stored): Held {
    const heard = this.#time.lease - age;
    return { key, record, revision, heard, heardAt: this.#time.atLease(heard) };
  }
}

interface Gate {
  readonly shut: boolean;
  readonly open: Promise<void>;
  /** Settles when the gate is shut: what waited for the store need not wait longer. */
  readonly lost: Promise<void>;
  readonly pass: () => void;
  readonly lose: () => void;
}

function openGate(): Gate {
  const [lost, lose] = deferred();
  return { shut: false, open: Promise.resolve(), lost, pass: () => undefined, lose };
}

function shutGate(before: Gate): Gate {
  before.lose();
  const [open, pass] = deferred();
  return { shut: true, open, lost: Promise.resolve(), pass, lose: () => undefined };
}

function deferred(): [promise: Promise<void>, resolve: () => void] {
  let settle: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return [promise, settle];
}

function heldOf(key: InstanceKey, { record, served, heard, heardAt }: Entry): Held {
  return { key, record, revision: served.revision, heard, heardAt };
}

/** A proposal may be repeated as it is only on the history that it was made on. */
function sameEpoch(proposal: Proposal | undefined, position: Position | undefined): Proposal | undefined {
  return proposal !== undefined && proposal.on.epoch === position?.epoch ? proposal : undefined;
}

function sentence(error: unknown): string {
  if (error instanceof StoreAway || error instanceof Diverged) return error.reason;
  return error instanceof Error ? error.message : String(error);
}

async function* nothing(): AsyncIterable<readonly Stored[]> {}
