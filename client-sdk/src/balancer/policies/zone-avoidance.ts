import type { BalancerPolicy, BalancerView } from '../../api.ts';
import { NO_SLOT, type Slot } from '../balancer.ts';
import type { Dice } from '../dice.ts';
import { overView } from './over-view.ts';
import { RoundRobin } from './round-robin.ts';

/** Ribbon computes it for each server at each pick. */
const LOOK_MS = 100;
/** `triggeringLoadPerServerThreshold`: calls in flight per instance from which a zone may be avoided. */
const TRIGGER = 0.2;
/** And only if it has this much more than the others: Ribbon drops the busiest at any load, and so one zone always. */
const CLEARLY = 1.5;

/**
 * Round robin without the zone that is loaded worst. A zone that is out is not in the view at all; then, unlike Ribbon, no second one is
 * dropped for it.
 * @see Netflix ribbon `ZoneAvoidanceRule`
 */
export class ZoneAvoidance implements BalancerPolicy {
  #view: BalancerView | undefined;
  /** Slots by zone, and the turns over the ones not avoided. */
  #zones: (readonly Slot[])[] = [];
  #avoided = -1;
  #lookedAt = Number.NEGATIVE_INFINITY;
  readonly #all: RoundRobin;
  readonly #rest: RoundRobin;

  constructor(dice: Dice) {
    this.#all = new RoundRobin(dice);
    this.#rest = new RoundRobin(dice);
  }

  update(view: BalancerView): void {
    const zones = new Map<string, Slot[]>();
    for (const slot of view.slots) {
      const zone = view.instance(slot).zone ?? '';
      const others = zones.get(zone);
      if (others === undefined) zones.set(zone, [slot]);
      else others.push(slot);
    }
    this.#view = view;
    this.#zones = [...zones.values()];
    this.#avoided = -1;
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    this.#all.update(view);
  }

  pick(now: number, exclude: readonly Slot[]): Slot {
    if (this.#zones.length > 1 && !(Math.abs(now - this.#lookedAt) < LOOK_MS)) this.#look(now);
    const slot = this.#avoided < 0 ? NO_SLOT : this.#rest.pick(now, exclude);
    return slot === NO_SLOT ? this.#all.pick(now, exclude) : slot;
  }

  #look(now: number): void {
    this.#lookedAt = now;
    const loads = this.#zones.map((slots) => this.#load(slots));
    const worst = loads.indexOf(Math.max(...loads));
    const rest = this.#zones.filter((_, zone) => zone !== worst).flat();
    const avoided = loads[worst]! >= TRIGGER && loads[worst]! >= CLEARLY * this.#load(rest) ? worst : -1;
    if (avoided === this.#avoided) return;
    this.#avoided = avoided;
    const view = this.#view;
    if (avoided >= 0 && view !== undefined) this.#rest.update(overView(view, { slots: rest }));
  }

  /** In flight per instance. */
  #load(slots: readonly Slot[]): number {
    let inflight = 0;
    for (const slot of slots) inflight += this.#view?.inflight(slot) ?? 0;
    return inflight / slots.length;
  }
}
