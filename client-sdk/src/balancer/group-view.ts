import type { BalancerPolicy, BalancerView, Instance } from '../api.ts';
import type { Slot } from './balancer.ts';
import type { Slots } from './slots.ts';

/** Instances that one policy picks from, as the policy sees them. */
export class GroupView implements BalancerView {
  readonly slots: readonly Slot[];
  readonly #known: Slots;

  constructor(slots: readonly Slot[], known: Slots) {
    this.slots = slots;
    this.#known = known;
  }

  instance(slot: Slot): Instance {
    const instance = this.#known.instances[slot];
    if (instance === undefined) throw new RangeError(`slot ${slot} is free`);
    return instance;
  }

  weight(slot: Slot): number {
    return this.#known.effective[slot]!;
  }

  inflight(slot: Slot): number {
    return this.#known.inflight[slot]!;
  }

  latencyMs(slot: Slot, now: number): number {
    return this.#known.latencyMs(slot, now);
  }
}

/** A policy and what it picks from. */
export interface Group {
  readonly policy: BalancerPolicy;
  view: GroupView;
}
