/** The weight an instance registered, in `metadata.weight`. */
import type { Instance } from '../api.ts';

const LEAST = 0.01;
const MOST = 100;

/** @returns 0: gets no calls; else 0.01 to 100; 1 when none is given or it is no number */
export function weightOf({ metadata }: Instance): number {
  const given = Object.hasOwn(metadata, 'weight') ? metadata['weight'] : undefined;
  if (given === undefined || given.trim() === '') return 1;
  const weight = Number(given);
  if (weight === 0) return 0;
  return weight > 0 ? Math.min(Math.max(weight, LEAST), MOST) : 1;
}
