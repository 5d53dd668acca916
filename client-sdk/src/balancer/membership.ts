/**
 * Which instances have a slot, as lists come and go: those of our views while they are UP, others for as long as something of them is in use.
 *
 * One instance an address: whoever answers there, a retry must not meet it twice.
 */
import type { Instance } from '../api.ts';
import type { CachedService } from '../cache/instance-cache.ts';
import type { Slot } from './balancer.ts';
import { TUNING } from './balancer-options.ts';
import type { Slots } from './slots.ts';
import { subset } from './subset.ts';
import type { View } from './view.ts';
import { weightOf } from './weight.ts';

export interface MembershipParts {
  readonly slots: Slots;
  /** This client's own, for its subset of a large service. */
  readonly seed: number;
  /** The latency that a new instance is given, in ms. */
  readonly guessMs: () => number;
  readonly changed: (slot: Slot, instance: Instance, is: 'draining' | 'restored' | 'freed') => void;
}

/** A view, and who may be in it. */
export interface Audience {
  readonly view: View;
  readonly admits: (instance: Instance) => boolean;
}

export class Membership {
  readonly #parts: MembershipParts;
  readonly #slots: Slots;
  readonly #byKey = new Map<string, Slot>();
  readonly #zoneIds = new Map<string, number>();

  constructor(parts: MembershipParts) {
    this.#parts = parts;
    this.#slots = parts.slots;
  }

  /** The slot at this instance's address. */
  slotOf(instance: Instance): Slot | undefined {
    return this.#byKey.get(keyOf(instance));
  }

  /** @param areNew - instances that take a slot now have just appeared, and start slowly */
  follow(service: CachedService, audiences: readonly Audience[], areNew: boolean, now: number): void {
    const wanted = service.instances.filter((instance) => weightOf(instance) > 0);
    const kept = new Set<Slot>();
    for (const { view, admits } of audiences) {
      const candidates = wanted.filter(admits);
      const members = new Set<Slot>();
      for (const instance of subset(candidates, this.#parts.seed)) {
        members.add(this.#admit(instance, service.unconfirmed.has(instance.id), kept, areNew, now));
      }
      view.members = [...members];
      view.upByZone = countByZone(candidates);
    }
    this.#drainOthers(service, kept, now);
  }

  /** Frees what left long ago, with whatever is in flight. */
  forget(now: number): void {
    const slots = this.#slots;
    for (let slot = 0; slot < slots.size; slot++) {
      if (slots.gone[slot] === 1 && now - slots.drainingSince[slot]! >= TUNING.drainMs) this.free(slot);
    }
  }

  free(slot: Slot): void {
    const slots = this.#slots;
    const instance = slots.instances[slot]!;
    this.#byKey.delete(keyOf(instance));
    slots.release(slot);
    this.#parts.changed(slot, instance, 'freed');
  }

  /** @param kept - slots met before in this list: of two instances at one address the first counts */
  #admit(instance: Instance, isUnconfirmed: boolean, kept: Set<Slot>, isNew: boolean, now: number): Slot {
    const slots = this.#slots;
    const key = keyOf(instance);
    let slot = this.#byKey.get(key);
    if (slot !== undefined && kept.has(slot)) return slot;
    let isRestored = false;
    if (slot === undefined) {
      slot = slots.take(instance, this.#parts.guessMs(), now);
      this.#byKey.set(key, slot);
      if (isNew) slots.slowSince[slot] = now;
    } else if (slots.admitted[slot] === 0) {
      isRestored = true;
      slots.admitted[slot] = 1;
      slots.gone[slot] = 0;
      if (now - slots.drainingSince[slot]! > TUNING.restoreMs) {
        slots.turn(slot);
        slots.renew(slot, this.#parts.guessMs(), now);
        slots.slowSince[slot] = now;
      }
    }
    kept.add(slot);
    slots.instances[slot] = instance;
    slots.unconfirmed[slot] = isUnconfirmed ? 1 : 0;
    slots.weight[slot] = weightOf(instance);
    slots.zone[slot] = this.#zoneId(instance.zone ?? '');
    if (isRestored) this.#parts.changed(slot, instance, 'restored');
    return slot;
  }

  #drainOthers(service: CachedService, kept: ReadonlySet<Slot>, now: number): void {
    const slots = this.#slots;
    let listed: Map<string, Instance> | undefined;
    for (let slot = 0; slot < slots.size; slot++) {
      const instance = slots.instances[slot];
      if (instance === undefined || kept.has(slot)) continue;
      listed ??= new Map(service.all.map((other) => [keyOf(other), other]));
      const record = listed.get(keyOf(instance));
      // Out of our subset is as good as gone: its connections should close.
      const isOut = record !== undefined && (record.status !== 'UP' || weightOf(record) === 0);
      if (isOut) slots.instances[slot] = record;
      slots.gone[slot] = isOut ? 0 : 1;
      if (slots.admitted[slot] === 1) {
        slots.admitted[slot] = 0;
        slots.drainingSince[slot] = now;
        this.#parts.changed(slot, slots.instances[slot]!, 'draining');
      }
      if (slots.gone[slot] === 1 && slots.inflight[slot] === 0) this.free(slot);
    }
  }

  #zoneId(zone: string): number {
    let id = this.#zoneIds.get(zone);
    if (id === undefined) {
      id = this.#zoneIds.size;
      this.#zoneIds.set(zone, id);
    }
    return id;
  }
}

export function countByZone(instances: readonly Instance[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { zone = '' } of instances) counts.set(zone, (counts.get(zone) ?? 0) + 1);
  return counts;
}

/** With the scheme: who switches to TLS at its port needs other connections. */
function keyOf({ address, port, secure }: Instance): string {
  return `${secure ? 'https' : 'http'}:${address}:${port}`;
}
