/** Which instances fail clearly more often than their peers. Pure; a refinement for large groups: few bad ones among few are seen by the other rules. */
import { TUNING } from './balancer-options.ts';

export interface Outcomes {
  readonly slot: number;
  readonly ok: number;
  readonly failed: number;
}

/**
 * @param peers - healthy instances, with their outcomes of one interval
 * @returns slots under mean - 1.9 standard deviations of success, and at 95 % or less
 * @see Envoy outlier detection, success rate
 */
export function outliers(peers: readonly Outcomes[]): number[] {
  const { hosts, volume, deviations, successShare } = TUNING.outlier;
  const busy = peers.filter(({ ok, failed }) => ok + failed >= volume);
  if (busy.length < hosts) return [];
  const shares = busy.map(({ ok, failed }) => ok / (ok + failed));
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length;
  const least = Math.min(mean - deviations * Math.sqrt(variance), successShare);
  // Strictly under the mean's bound; equal ones are no outliers.
  return busy.filter((_, index) => shares[index]! < mean && shares[index]! <= least).map(({ slot }) => slot);
}
