/** How much of its weight an instance has while it warms up. Pure. */
import { TUNING } from './balancer-options.ts';

const { windowMs, least } = TUNING.slowStart;

/**
 * @param ageMs - since it joined or came back
 * @returns from 0.1 to 1, linear over the window
 * @see Envoy slow start, aggression 1
 */
export function slowStartFactor(ageMs: number): number {
  if (ageMs >= windowMs) return 1;
  return Math.max(least, ageMs / windowMs);
}
