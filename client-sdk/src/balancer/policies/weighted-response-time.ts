import type { BalancerPolicy, BalancerView } from '../../api.ts';
import type { Slot } from '../balancer.ts';
import type { Dice } from '../dice.ts';
import { overView } from './over-view.ts';
import { Weighted } from './weighted.ts';

/** Ribbon weighs every 30 s; that long a slow instance would keep its share. */
const WEIGH_MS = 5_000;
/** Of a latency, from one weighing to the next: forgotten as fast as elsewhere, a slow one would be filled up again and again. */
const KEPT = 0.85;

/**
 * Chance by latency: weight = sum of all latencies - one's own. Kept for compatibility: among many instances a slow one loses little.
 * Ribbon averages since the start and so never forgets; here a latency is half forgotten after 20 s.
 * @see Netflix ribbon `WeightedResponseTimeRule`
 */
export class WeightedResponseTime implements BalancerPolicy {
  #view: BalancerView | undefined;
  #latencies: ReadonlyMap<Slot, number> = new Map();
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
    const kept = KEPT ** (Math.max(0, this.#now - this.#weighedAt) / WEIGH_MS);
    this.#weighedAt = this.#now;
    const latencies = new Map<Slot, number>();
    let sum = 0;
    for (const slot of view.slots) {
      const ms = Math.max(view.latencyMs(slot, this.#now), (this.#latencies.get(slot) ?? 0) * kept);
      latencies.set(slot, ms);
      sum += ms;
    }
    this.#latencies = latencies;
    const weight = (slot: Slot): number => (view.slots.length < 2 ? 1 : sum - (latencies.get(slot) ?? 0));
    this.#weighted.update(overView(view, { weight }));
  }
}
