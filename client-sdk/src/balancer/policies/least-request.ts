import type { Slot } from '../balancer.ts';
import { ChoiceOfTwo } from './choice-of-two.ts';

/** The fewer in flight; for long calls and streams, whose latency says little. */
export class LeastRequest extends ChoiceOfTwo {
  protected cost(slot: Slot): number {
    return this.view.inflight(slot) / this.view.weight(slot) + 1;
  }
}
