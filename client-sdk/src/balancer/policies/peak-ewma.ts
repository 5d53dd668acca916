import type { Slot } from '../balancer.ts';
import { ChoiceOfTwo } from './choice-of-two.ts';

/**
 * The expected wait: latency times those in line. The latency jumps up at once, fades slowly, and counts failures as long waits.
 * @see Finagle `PeakEwma`
 */
export class PeakEwma extends ChoiceOfTwo {
  protected isCheaper(a: Slot, b: Slot, now: number): boolean {
    const { view } = this;
    // A weight widens the line, not the latency: two idle ones of unlike weight cost the same, and the draw keeps their proportion.
    return (
      (view.latencyMs(a, now) + LEAST_MS) * (view.inflight(a) / view.weight(a) + 1) <
      (view.latencyMs(b, now) + LEAST_MS) * (view.inflight(b) / view.weight(b) + 1)
    );
  }
}

/** Below this nobody is faster; and what has decayed to nothing still compares by those in line. */
const LEAST_MS = 0.1;
