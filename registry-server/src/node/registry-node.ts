/**
 * One node of a registry. Its state says how it stands towards the store, and what it answers follows from that; this file moves it from state
 * to state and gives each request to the part that answers it there.
 *
 *     starting -> following <-> (lost for a second) -> cut-off | away -> rejoining -> following
 */
import { type Clock, Emitter, type Random, type Subscribe, sleep } from '@heureka/client-sdk/runtime';
import { Peers, type PeerTls } from '../cluster/peers.ts';
import { JUDGE_DEFAULTS, type JudgeOptions } from '../registry/judge.ts';
import type { Held, Ledger, Rule } from '../registry/ledger.ts';
import type { NodeState } from '../registry/node-state.ts';
import type { Answer } from '../registry/registry.ts';
import type { RequestContext } from '../registry/request-context.ts';
import type { EpochMs } from '../registry/time.ts';
import { Replica } from '../replica/replica.ts';
import type { ReplicaReader } from '../replica/replica-reader.ts';
import type { InstanceKey } from '../store/instance-key.ts';
import { RECORD_SCHEMA } from '../store/instance-record.ts';
import {
  type Actor,
  Diverged,
  type NodeReport,
  type RegistryStore,
  registryActor,
  StoreAway,
  type Tick,
} from '../store/registry-store.ts';
import { Alone } from './alone.ts';
import { Arrival } from './arrival.ts';
import { BeatWriter } from './beat-writer.ts';
import { Beats, type PendingBeats } from './beats.ts';
import { Commits } from './commits.ts';
import { Course, type HoldChange } from './course.ts';
import { Follower } from './follower.ts';
import { Gate } from './gate.ts';
import { holdSentence, type NodeEvent, type NodeStatus } from './node-events.ts';
import { StoreTime } from './store-time.ts';

export interface RegistryNodeOptions {
  readonly store: RegistryStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Unique among the nodes of this registry, and new for each start. */
  readonly id: string;
  /** Where other nodes reach this one; empty: nowhere. */
  readonly url: string;
  readonly judge?: JudgeOptions;
  /** What this node shows to its peers, and by what it knows them; absent: they speak plain HTTP, or are known to this machine. */
  readonly tls?: PeerTls;
  /** How long a node without a replica leaves an empty store to one that has one, in ms; 0 for a store of one's own. */
  readonly foundingWaitMs?: number;
}

/** The store may be gone this long before anything changes; commits wait. */
const BLIP_MS = 1_000;
const RETRY_MS = 100;
const RETRY_AWAY_MS = 250;

export class RegistryNode implements Ledger {
  readonly #options: RegistryNodeOptions;
  readonly #store: RegistryStore;
  readonly #clock: Clock;
  readonly #replica = new Replica();
  readonly #events = new Emitter<NodeEvent>();
  readonly #stopping = new AbortController();
  readonly #gate = new Gate();
  readonly #time: StoreTime;
  readonly #course: Course;
  readonly #alone: Alone;
  readonly #arrival: Arrival;
  readonly #follower: Follower;
  readonly #commits: Commits;
  readonly #beats: Beats;
  readonly #writer: BeatWriter;
  readonly #peers: Peers;
  #state: NodeState;
  #nodes: readonly NodeReport[] = [];
  #secret = '';
  #storeSize = 0;
  #faults = 0;
  #lastFault: string | undefined;
  #followedUntil: EpochMs = 0;
  #life: Promise<void> | undefined;

  readonly onEvent: Subscribe<NodeEvent> = this.#events.subscribe;

  constructor(options: RegistryNodeOptions) {
    this.#options = options;
    const { store, clock, random, id, tls, judge = JUDGE_DEFAULTS, foundingWaitMs } = options;
    this.#store = store;
    this.#clock = clock;
    const replica = this.#replica;
    const time = new StoreTime(clock);
    const course = new Course(replica, time, (change) => this.#held(change));
    this.#time = time;
    this.#course = course;
    this.#alone = new Alone(id, replica, time);
    const report = (): NodeReport => this.#report();
    const ticked = (tick: Tick): void => this.#ticked(tick);
    const broken = (error: unknown): void => this.#follower.broken(error);
    const actor = registryActor(id);
    this.#arrival = new Arrival({
      ...{ store, clock, random, id, replica, time, foundingWaitMs, report, ticked },
      fault: (sentence) => this.#fault(sentence),
      waits: (reason) => this.#waits(reason),
    });
    this.#follower = new Follower({
      ...{ store, clock, random, id, replica, time, course, judge, report, ticked },
      evicted: (count) => this.#events.emit({ kind: 'evicted', count }),
    });
    this.#commits = new Commits({
      ...{ store, clock, random, replica, time, course, broken, gate: this.#gate },
      following: () => this.#is() === 'following',
      elsewhere: (key, rule) => this.#changeElsewhere(key, rule),
      beat: (key) => this.beat(key),
      unsure: (key) => this.#alone.mark(key),
    });
    this.#beats = new Beats(clock, (beats) => this.#flush(beats));
    this.#writer = new BeatWriter({ store, clock, random, replica, time, course, actor });
    this.#peers = new Peers(id, tls);
    this.#state = { is: 'starting', since: time.now, reason: 'the store has not been asked yet' };
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
      position: this.#course.position,
      storeSize: this.#storeSize,
      replicaSize: this.#replica.size,
      holds: this.#course.holds,
      marked: this.#alone.marked.size,
      beatsWaiting: this.#beats.waiting,
      nodes: this.#nodes,
      faults: this.#faults,
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
    return this.#commits.held(key);
  }

  find(key: InstanceKey): Promise<Held | undefined> {
    return this.#commits.find(key);
  }

  beat(key: InstanceKey): void {
    const at = this.#clock.monotonic();
    const entry = this.#replica.entry(key);
    if (entry !== undefined) this.#replica.beat(entry, this.#time.leaseAt(at), this.#time.nowAt(at));
    this.#beats.note(key, at);
  }

  change(context: RequestContext, key: InstanceKey, rule: Rule): Promise<Answer> {
    return this.#commits.change(key, rule, this.actor(context));
  }

  /** What becomes of a change while the store is not followed. */
  #changeElsewhere(key: InstanceKey, rule: Rule): Answer {
    const is = this.#is();
    if (is === 'starting' || is === 'cut-off') return { is: 'unavailable', reason: this.#reason() };
    return this.#alone.decide(key, this.held(key), rule, (beating) => this.beat(beating));
  }

  /** Must not reject: what cannot be written now is kept. */
  async #flush(beats: PendingBeats): Promise<void> {
    if (this.#is() !== 'following') {
      this.#beats.keep(beats);
      return;
    }
    try {
      this.#beats.keep(await this.#writer.write(beats));
    } catch (error) {
      this.#beats.keep(beats);
      this.#follower.broken(error);
    }
  }

  // ---- life

  /** Resolves when the registry is loaded and served. @throws StoreAway when the store cannot be reached, IncompatibleStore */
  async start(): Promise<void> {
    await this.#arrive(false);
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
    const stopping = this.#stopping.signal;
    while (!stopping.aborted) {
      let lost: unknown;
      try {
        await this.#follower.follow(stopping);
      } catch (error) {
        lost = error;
      }
      if (stopping.aborted) return;
      this.#followedUntil = this.now;
      this.#gate.shut();
      this.#beats.open = false;
      await this.#return(lost);
    }
  }

  /** Until the store is there again and this node in step with it; goes alone when that takes longer than a blip. */
  async #return(lost: unknown): Promise<void> {
    const lostAt = this.#clock.monotonic();
    const search: Search = { reason: sentence(lost), back: new AbortController(), reached: false, wentAlone: false };
    this.#doubt(search.reason);
    void this.#goAloneAfterBlip(search);
    // A store that was seen on another history, or to hold something else than its log says, is not trusted to lack only what was marked.
    let doubtful = lost instanceof Diverged;
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#arrive(doubtful, search);
        if (!search.wentAlone) this.#fault(blipSentence(search.reason, this.#clock.monotonic() - lostAt));
        break;
      } catch (error) {
        if (this.#stopping.signal.aborted) break;
        search.reached = false;
        doubtful ||= error instanceof Diverged;
        search.reason = sentence(error);
        if (this.#is() === 'rejoining') this.#enterAlone({ is: 'away', since: this.now, reason: search.reason });
        this.#doubt(search.reason);
      }
      await sleep(this.#clock, search.wentAlone ? RETRY_AWAY_MS : RETRY_MS, this.#stopping.signal);
    }
    search.back.abort();
  }

  async #arrive(doubtful: boolean, search?: Search): Promise<void> {
    const luggage = {
      ...{ position: this.#course.position, marked: this.#alone.marked, doubtful, secret: this.#secret },
      followedUntil: this.#followedUntil,
    };
    let marked: readonly InstanceKey[] = [];
    const reached = (): void => {
      if (search !== undefined) this.#reached(search);
      marked = [...this.#alone.marked];
    };
    const joined = await this.#arrival.arrive(luggage, reached, this.#stopping.signal);
    const before = this.#replica.size;
    const again = this.#replica.loaded;
    this.#course.begin(joined);
    this.#alone.settled(marked);
    if (again) {
      this.#events.emit({
        kind: 'joined',
        written: joined.written,
        adopted: Math.max(0, this.#replica.size - before),
        instances: this.#replica.size,
      });
    }
    this.#follower.begin();
    this.#enter({ is: 'following', since: this.now });
    this.#beats.open = true;
    this.#gate.pass();
  }

  #ticked(tick: Tick): void {
    this.#nodes = tick.nodes;
    this.#secret = tick.secret;
    this.#storeSize = tick.size;
  }

  // ---- without the store

  /** Neither the store nor, perhaps, a peer: decides again and again what this node may do, until the store is back. */
  async #goAloneAfterBlip(search: Search): Promise<void> {
    const signal = AbortSignal.any([search.back.signal, this.#stopping.signal]);
    for (let pause = BLIP_MS; await sleep(this.#clock, pause, signal); pause = RETRY_AWAY_MS) {
      if (search.reached) continue;
      const peer = await this.#peers.withStore(this.#nodes);
      // While the peers were asked, the store may have answered.
      if (signal.aborted || search.reached) continue;
      search.wentAlone = true;
      const { reason } = search;
      this.#enterAlone(
        peer === undefined ? { is: 'away', since: this.now, reason } : { is: 'cut-off', since: this.now, reason, peer },
      );
    }
  }

  #enterAlone(state: Extract<NodeState, { is: 'away' | 'cut-off' }>): void {
    if (this.#is() !== state.is) {
      if (state.is === 'away') this.#alone.begin(this.#course.position!.epoch);
      this.#enter(state);
    }
    this.#gate.pass();
  }

  /** The store has answered, and is being joined: changes wait. */
  #reached(search: Search): void {
    const { reason } = search;
    search.reached = true;
    const is = this.#is();
    if (is === 'away' || is === 'cut-off') this.#enter({ is: 'rejoining', since: this.now, reason });
    this.#gate.shut();
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

  #enter(state: NodeState): void {
    const from = this.#state.is;
    if (from === 'draining' && state.is !== 'draining') {
      this.#state = { is: 'draining', since: this.#state.since, was: state.is };
      return;
    }
    this.#state = state;
    if (from !== state.is) this.#events.emit({ kind: 'state', from, state });
  }

  /** Still following, as far as anybody is told; but no witness for peers that lost the store too. */
  #doubt(reason: string): void {
    if (this.#state.is === 'following') this.#state = { ...this.#state, doubt: reason };
  }

  /** Says what a node that has nothing yet waits for. */
  #waits(reason: string): void {
    if (this.#state.is === 'starting') this.#state = { ...this.#state, reason };
  }

  #fault(text: string): void {
    this.#faults++;
    this.#lastFault = text;
    this.#events.emit({ kind: 'fault', sentence: text });
  }

  #held({ kind, hold }: HoldChange): void {
    this.#events.emit({ kind, hold, sentence: holdSentence(hold) });
  }

  #report(): NodeReport {
    const { id, url } = this.#options;
    return { id, url, schema: RECORD_SCHEMA, renewsLastMinute: this.renewsLastMinute };
  }
}

/** One search for a store that was lost. */
interface Search {
  /** The latest that was learned. */
  reason: string;
  /** Aborted when the store is back. */
  readonly back: AbortController;
  /** The store has answered and is being joined: nothing is decided alone meanwhile. */
  reached: boolean;
  wentAlone: boolean;
}

function blipSentence(reason: string, ms: number): string {
  return `the store was lost for ${(ms / 1_000).toFixed(1)} s (${reason}); changes waited, and are made now`;
}

function sentence(error: unknown): string {
  if (error instanceof StoreAway || error instanceof Diverged) return error.reason;
  return error instanceof Error ? error.message : String(error);
}
