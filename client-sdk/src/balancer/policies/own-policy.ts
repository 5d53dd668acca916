import type { BalancerPolicy, BalancerView } from '../../api.ts';
import type { Random } from '../../runtime/random.ts';
import { NO_SLOT, type Slot } from '../balancer.ts';
import { scan } from './scan.ts';

/** Whose view the policy was told last. */
export interface Turn {
  of: OwnPolicy | undefined;
}

/**
 * A policy of the user's own, for one view. It is one object for all views of its service, so it is told the view again when the turn
 * changes. An answer that is no slot of the view, or one already tried, is replaced by anyone.
 */
export class OwnPolicy implements BalancerPolicy {
  #view: BalancerView | undefined;
  readonly #policy: BalancerPolicy;
  readonly #turn: Turn;
  readonly #random: Random;

  constructor(policy: BalancerPolicy, turn: Turn, random: Random) {
    this.#policy = policy;
    this.#turn = turn;
    this.#random = random;
  }

  update(view: BalancerView): void {
    this.#view = view;
    if (this.#turn.of === this) this.#turn.of = undefined;
  }

  pick(now: number, exclude: readonly Slot[], affinityKey?: string): Slot {
    const view = this.#view;
    if (view === undefined || view.slots.length === 0) return NO_SLOT;
    if (this.#turn.of !== this) {
      this.#policy.update(view);
      this.#turn.of = this;
    }
    const slot = this.#policy.pick(now, exclude, affinityKey);
    if (slot === NO_SLOT || (view.slots.includes(slot) && !exclude.includes(slot))) return slot;
    return scan(view.slots, exclude, this.#random);
  }
}
