/** Writes heartbeats that this node acknowledged: leases are extended many at a time, and one that was ended meanwhile is taken up again (F4). */
import type { Clock, Random } from '@heureka/client-sdk/runtime';
import type { Replica } from '../replica/replica.ts';
import type { Actor, RegistryStore } from '../store/registry-store.ts';
import type { PendingBeat } from './beats.ts';
import type { Course } from './course.ts';
import { leaseOf } from './join-store.ts';
import type { StoreTime } from './store-time.ts';
import { newToken } from './token.ts';

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
  async write(beats: readonly PendingBeat[]): Promise<readonly PendingBeat[]> {
    const { store, clock, replica, course } = this.#parts;
    const now = clock.monotonic();
    const renewals = [];
    for (const { key, at } of beats) {
      const record = replica.entry(key)?.record ?? replica.tombstones.get(key)?.last;
      if (record !== undefined) renewals.push({ key, ...leaseOf(record, Math.floor(now - at)) });
    }
    if (renewals.length === 0) return [];
    const without = await store.renew(course.position!, renewals);
    if (without.length === 0) return [];
    const byKey = new Map(beats.map((beat) => [beat.key, beat]));
    const later: PendingBeat[] = [];
    for (const key of without) {
      const beat = byKey.get(key)!;
      if (!(await this.#revive(beat))) later.push(beat);
    }
    return later;
  }

  /**
   * A beat that was acknowledged while its lease was being evicted elsewhere undoes that; one after a cancel does not.
   *
   * @returns false where the removal is in the store but has not come here yet: only it tells whether that was an eviction
   */
  async #revive({ key, at }: PendingBeat): Promise<boolean> {
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
      expected: entry?.served.revision ?? 0,
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
