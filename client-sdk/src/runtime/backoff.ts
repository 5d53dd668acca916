import type { Random } from './random.ts';

export interface BackoffOptions {
  /** Ceiling of the first pause, in ms. */
  readonly baseMs: number;
  /** Ceiling of every later pause, in ms. */
  readonly capMs: number;
}

/**
 * Full jitter: uniform in [0, min(cap, base * 2^attempt)), so that many clients that failed together do not return together.
 *
 * @param attempt - failures so far, from 0
 * @returns the pause before the next try, in ms
 */
export function fullJitter(attempt: number, { baseMs, capMs }: BackoffOptions, random: Random): number {
  return random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
}
