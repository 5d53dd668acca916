import type { BalancerPolicy, BalancerView } from '../../api.ts';
import { NO_SLOT, type Slot } from '../balancer.ts';
import type { Dice } from '../dice.ts';
import { scan } from './scan.ts';

/** What the views of one policy share. */
export interface Turn {
  /** Whose view the policy was told last. */
  of: OwnPolicy | undefined;
  /** What it threw last. */
  thrown?: unknown;
}

/**
 * A policy of the user's own, for one view. It is one object for all views of its service, so it is told the view again when the turn
 * changes. An answer that is no slot of the view, or one already tried, is replaced by anyone; so is an error: calls must go on, and
 * most are picked for deep inside a callback of the transport, where nobody could catch it. The report says so.
 */
export class OwnPolicy implements BalancerPolicy {
  #view: BalancerView | undefined;
  readonly #policy: BalancerPolicy;
  readonly #turn: Turn;
  readonly #dice: Dice;

  constructor(policy: BalancerPolicy, turn: Turn, dice: Dice) {
    this.#policy = policy;
    this.#turn = turn;
    this.#dice = dice;
  }

  update(view: BalancerView): void {
    this.#view = view;
    if (this.#turn.of === this) this.#turn.of = undefined;
  }

  pick(now: number, exclude: readonly Slot[], affinityKey?: string): Slot {
    const view = this.#view;
    if (view === undefined || view.slots.length === 0) return NO_SLOT;
    try {
      if (this.#turn.of !== this) {
        this.#policy.update(view);
        this.#turn.of = this;
      }
      const slot = this.#policy.pick(now, exclude, affinityKey);
      if (slot === NO_SLOT || (view.slots.includes(slot) && !exclude.includes(slot))) return slot;
    } catch (error) {
      this.#turn.thrown = error;
    }
    return scan(view.slots, exclude, this.#dice);
  }
}
