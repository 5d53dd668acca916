import type { Slot } from '../balancer.ts';
import { ChoiceOfTwo } from './choice-of-two.ts';

/** The fewer in flight; for long calls and streams, whose latency says little. */
export class LeastRequest extends ChoiceOfTwo {
  protected isCheaper(a: Slot, b: Slot): boolean {
    const { view } = this;
    return view.inflight(a) / view.weight(a) < view.inflight(b) / view.weight(b);
  }
}
