import type { BalancerPolicy, BalancerView } from '../../api.ts';
import type { Slot } from '../balancer.ts';
import type { Dice } from '../dice.ts';
import { overView } from './over-view.ts';
import { Weighted } from './weighted.ts';

/** Ribbon weighs every 30 s; that long a slow instance would keep its share. */
const WEIGH_MS = 5_000;

/**
 * Chance by latency: weight = sum of all latencies - one's own. Kept for compatibility: among many instances a slow one loses little.
 * Ribbon averages since the start and so never forgets; here the latency is the one of the last seconds.
 * @see Netflix ribbon `WeightedResponseTimeRule`
 */
export class WeightedResponseTime implements BalancerPolicy {
  #view: BalancerView | undefined;
  #weighedAt = Number.NEGATIVE_INFINITY;
  #now = 0;
  readonly #weighted: Weighted;

  constructor(dice: Dice) {
    this.#weighted = new Weighted(dice);
  }

  update(view: BalancerView): void {
    this.#view = view;
    this.#weigh();
  }

  pick(now: number, exclude: readonly Slot[]): Slot {
    this.#now = now;
    if (now - this.#weighedAt >= WEIGH_MS) this.#weigh();
    return this.#weighted.pick(now, exclude);
  }

  #weigh(): void {
    const view = this.#view;
    if (view === undefined) return;
    this.#weighedAt = this.#now;
    const latencies = new Map(view.slots.map((slot) => [slot, view.latencyMs(slot, this.#now)]));
    const sum = [...latencies.values()].reduce((total, ms) => total + ms, 0);
    const weight = (slot: Slot): number => (view.slots.length < 2 ? 1 : sum - (latencies.get(slot) ?? 0));
    this.#weighted.update(overView(view, { weight }));
  }
}
