/**
 * One stretch of following the store: the tail of its log, a tick each second that proves where it is, and the sweep when it is this node's turn.
 * It ends with the first fault, its own or one that it is told of.
 */
import { type Clock, type Random, sleep } from '@heureka/client-sdk/runtime';
import type { JudgeOptions } from '../registry/judge.ts';
import type { Replica } from '../replica/replica.ts';
import {
  Diverged,
  type NodeReport,
  type Position,
  type RegistryStore,
  registryActor,
  StoreAway,
  SweepOver,
  type Tick,
} from '../store/registry-store.ts';
import type { Course } from './course.ts';
import type { StoreTime } from './store-time.ts';
import { sweep } from './sweep.ts';

const TICK_MS = 1_000;

export interface FollowerParts {
  readonly store: RegistryStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly id: string;
  readonly replica: Replica;
  readonly time: StoreTime;
  readonly course: Course;
  readonly judge: JudgeOptions;
  readonly report: () => NodeReport;
  readonly ticked: (tick: Tick) => void;
  readonly evicted: (count: number) => void;
}

export class Follower {
  readonly #parts: FollowerParts;
  #sweeping: Promise<void> | undefined;
  /** Ends the running stretch. */
  #broken: ((error: unknown) => void) | undefined;
  /** A fault between two stretches, that ends the next. */
  #early: { readonly error: unknown } | undefined;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
  }

  /** The store has been joined and is about to be followed: what was wrong before is past. */
  begin(): void {
    this.#early = undefined;
  }

  /** Tells that a commit, a read or a flush met a fault: the running stretch ends, or else the next, as soon as it begins. */
  broken(error: unknown): void {
    if (this.#broken === undefined) this.#early ??= { error };
    else this.#broken(error);
  }

  /** Resolves when `stopping` aborts. @throws what ended it: StoreAway, Diverged, or a fault of ours */
  async follow(stopping: AbortSignal): Promise<void> {
    const early = this.#early;
    this.#early = undefined;
    if (early !== undefined) throw early.error;
    const ended = new AbortController();
    const signal = AbortSignal.any([ended.signal, stopping]);
    const broken = new Promise<never>((_, reject) => {
      this.#broken = reject;
    });
    const work = [this.#tail(signal), this.#ticks(signal)];
    try {
      await Promise.race([broken, ...work]);
    } finally {
      ended.abort();
      this.#broken = undefined;
      await Promise.allSettled(work);
      await this.#sweeping;
    }
  }

  async #tail(signal: AbortSignal): Promise<void> {
    const { store, course } = this.#parts;
    for await (const batch of store.changes(course.position!, signal)) for (const change of batch) course.admit(change);
    if (!signal.aborted) throw new StoreAway('not done', 'the change log ended');
  }

  async #ticks(signal: AbortSignal): Promise<void> {
    const { store, clock, course } = this.#parts;
    while (!signal.aborted) {
      const asked = course.position!;
      const tick = await store.tick(this.#parts.report());
      if (signal.aborted) return;
      this.#parts.time.sync(tick.time, tick.lease);
      this.#prove(tick, asked);
      this.#parts.replica.forget(this.#parts.time.now);
      this.#parts.ticked(tick);
      this.#sweepWhenDue(tick);
      await sleep(clock, TICK_MS, signal);
    }
  }

  /**
   * Whether the store is where this node is. The tail may have brought changes that were made after the tick was answered, so a store is
   * behind only if it is behind what was applied when it was asked.
   *
   * @throws {Diverged}
   */
  #prove(tick: Tick, asked: Position): void {
    const position = this.#parts.course.position!;
    if (tick.position.epoch !== position.epoch) throw new Diverged('the store has a new epoch');
    if (tick.position.version < asked.version) {
      throw new Diverged(`the store is at version ${tick.position.version}, this node was at ${asked.version}`);
    }
    if (tick.position.version !== position.version) return;
    if (tick.position.token !== position.token) {
      throw new Diverged('the store has another history of the same length');
    }
    const { size } = this.#parts.replica;
    if (tick.size !== size) {
      throw new Diverged(`the store holds ${tick.size} records, this node ${size}: something else deletes there`);
    }
    if (tick.leases !== tick.size) {
      throw new Diverged(
        `the store holds ${tick.leases} leases for ${tick.size} records: something else writes or deletes there`,
      );
    }
  }

  #sweepWhenDue(tick: Tick): void {
    if (tick.sweep === undefined || tick.stood || this.#sweeping !== undefined) return;
    if (tick.expired === 0 && !this.#parts.course.held) return;
    this.#sweeping = this.#sweep(tick).finally(() => {
      this.#sweeping = undefined;
    });
  }

  async #sweep(tick: Tick): Promise<void> {
    const { store, clock, replica, time, random, id, judge, course } = this.#parts;
    try {
      const { evicted } = await sweep(
        {
          store,
          clock,
          replica,
          time,
          random,
          actor: registryActor(id),
          options: judge,
          position: () => course.position!,
          holds: () => course.holds,
        },
        tick.sweep!,
        tick,
      );
      if (evicted > 0) this.#parts.evicted(evicted);
    } catch (error) {
      if (!(error instanceof SweepOver)) this.broken(error);
    }
  }
}
