import { NO_SLOT, type Slot } from '../balancer.ts';
import type { Dice } from '../dice.ts';

/** The first slot from a random place on that is not excluded. For when draws have not found one: few are left. */
export function scan(slots: readonly Slot[], exclude: readonly Slot[], dice: Dice): Slot {
  const from = dice.below(slots.length);
  for (let step = 0; step < slots.length; step++) {
    const slot = slots[(from + step) % slots.length]!;
    if (!exclude.includes(slot)) return slot;
  }
  return NO_SLOT;
}
