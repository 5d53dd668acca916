/** Writes heartbeats that this node acknowledged: leases are extended many at a time, and one that was ended meanwhile is taken up again (F4). */
import type { Clock, Random } from '@heureka/client-sdk/runtime';
import type { Replica } from '../replica/replica.ts';
import type { InstanceKey } from '../store/instance-key.ts';
import type { Actor, RegistryStore, Renewal } from '../store/registry-store.ts';
import type { PendingBeats } from './beats.ts';
import type { Course } from './course.ts';
import { durationOf, leaseOf } from './join-store.ts';
import type { StoreTime } from './store-time.ts';
import { newToken } from './token.ts';

/** Renewals of one call. */
const AT_ONCE = 500;

export interface BeatWriterParts {
  readonly store: RegistryStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly replica: Replica;
  readonly time: StoreTime;
  readonly course: Course;
  readonly actor: Actor;
}

export class BeatWriter {
  readonly #parts: BeatWriterParts;

  constructor(parts: BeatWriterParts) {
    this.#parts = parts;
  }

  /** @returns beats that are to be written again a little later. @throws StoreAway, Diverged: none may have been written */
  async write(beats: PendingBeats): Promise<PendingBeats> {
    const { clock, replica } = this.#parts;
    const later = new Map<InstanceKey, number>();
    let renewals: Renewal[] = [];
    let now = clock.monotonic();
    for (const [key, at] of beats) {
      const record = replica.entry(key)?.record ?? replica.tombstones.get(key)?.last;
      if (record === undefined) continue;
      renewals.push({ key, duration: durationOf(record), age: Math.max(0, Math.floor(now - at)) });
      if (renewals.length < AT_ONCE) continue;
      await this.#renew(renewals, beats, later);
      renewals = [];
      now = clock.monotonic();
    }
    if (renewals.length > 0) await this.#renew(renewals, beats, later);
    return later;
  }

  async #renew(renewals: readonly Renewal[], beats: PendingBeats, later: Map<InstanceKey, number>): Promise<void> {
    const { store, course } = this.#parts;
    for (const key of await store.renew(course.position!, renewals)) {
      const at = beats.get(key)!;
      if (!(await this.#revive(key, at))) later.set(key, at);
    }
  }

  /**
   * A beat that was acknowledged while its lease was being evicted elsewhere undoes that; one after a cancel does not.
   *
   * @returns false where the removal is in the store but has not come here yet: only it tells whether that was an eviction
   */
  async #revive(key: InstanceKey, at: number): Promise<boolean> {
    const { store, clock, random, replica, time, course, actor } = this.#parts;
    const age = Math.floor(clock.monotonic() - at);
    const entry = replica.entry(key);
    const stone = replica.tombstones.get(key);
    const evicted = stone?.why === 'evict' && stone.heard <= time.now - age ? stone.last : undefined;
    const record = entry?.record ?? evicted;
    if (record === undefined) return true;
    const answer = await store.commit({
      token: newToken(random),
      on: course.position!,
      expected: entry?.revision ?? 0,
      change: { kind: 'put', key, record, why: 'revive' },
      by: actor,
      lease: leaseOf(record, age),
    });
    if (answer.is === 'committed') {
      course.admit(answer.change);
      return true;
    }
    return answer.current !== undefined;
  }
}
