import { setTimeout as pause } from 'node:timers/promises';

/**
 * Waits until `question` answers something true, asking every 20 ms: for what happens in other processes, whose clock no test can move.
 *
 * @throws when it does not within `ms`, naming what was waited for and the last answer
 */
export async function until<T>(what: string, question: () => T | Promise<T>, ms = 15_000): Promise<NonNullable<T>> {
  const deadline = performance.now() + ms;
  let last: unknown;
  for (;;) {
    try {
      last = await question();
      if (last) return last as NonNullable<T>;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline)
      throw new Error(`${what}: not within ${ms} ms; the last answer was ${String(last)}`);
    await pause(20);
  }
}
