/** Medians and spreads of measured numbers. */

/** @param sorted - ascending. @param share - 0 to 1. @returns 0 of nothing */
export function quantile(sorted: readonly number[], share: number): number {
  const index = Math.max(0, Math.ceil(sorted.length * share) - 1);
  return sorted[index] ?? 0;
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function spreadOf(numbers: readonly number[]): Spread {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, least: sorted[0]!, most: sorted.at(-1)! };
}

/** Each of `ours` against the one of `theirs` measured beside it. */
export function ratios(theirs: readonly number[], ours: readonly number[]): Spread {
  return spreadOf(ours.map((our, index) => theirs[index]! / our));
}
