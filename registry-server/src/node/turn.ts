import { setImmediate } from 'node:timers/promises';

/** Lets everything else that waits have its turn: for work that is long and can be done in slices. No time passes. */
export function nextTurn(): Promise<void> {
  return setImmediate();
}
