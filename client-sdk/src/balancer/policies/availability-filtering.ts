import type { BalancerPolicy, BalancerView } from '../../api.ts';
import { NO_SLOT, type Slot } from '../balancer.ts';
import type { Dice } from '../dice.ts';
import { RoundRobin } from './round-robin.ts';

/** Ribbon's own: as many turns, then it takes whom it finds. */
const TURNS = 11;
/** `ActiveConnectionsLimit` has no default in Ribbon; beyond this an instance of ours is surely stuck. */
const MOST_INFLIGHT = 1_000;

/**
 * Ribbon's default rule: round robin over those whose circuit is closed and that are not overloaded. Circuits are health's business here,
 * so what is left is the limit in flight.
 * @see Netflix ribbon `AvailabilityFilteringRule`
 */
export class AvailabilityFiltering implements BalancerPolicy {
  #view: BalancerView | undefined;
  readonly #turns: RoundRobin;
  readonly #mostInflight: number;

  constructor(dice: Dice, mostInflight = MOST_INFLIGHT) {
    this.#turns = new RoundRobin(dice);
    this.#mostInflight = mostInflight;
  }

  update(view: BalancerView): void {
    this.#view = view;
    this.#turns.update(view);
  }

  pick(now: number, exclude: readonly Slot[]): Slot {
    const view = this.#view;
    if (view === undefined) return NO_SLOT;
    let slot: Slot = NO_SLOT;
    for (let turn = 0; turn < TURNS; turn++) {
      slot = this.#turns.pick(now, exclude);
      if (slot === NO_SLOT || view.inflight(slot) < this.#mostInflight) return slot;
    }
    return slot;
  }
}
