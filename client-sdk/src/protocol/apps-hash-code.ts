import type { InstanceStatus } from './instance-info.ts';

/**
 * The digest by which a client learns whether its merged deltas still match the server.
 *
 * Each status present, alphabetically, with its count: `'DOWN_2_UP_8_'`; no instances: `''`.
 *
 * @param instances - every instance of every application, in any order
 * @see Netflix eureka `Applications#getReconcileHashCode`
 */
export function appsHashCode(instances: Iterable<{ readonly status: InstanceStatus }>): string {
  const counts = new Map<InstanceStatus, number>();
  for (const { status } of instances) counts.set(status, (counts.get(status) ?? 0) + 1);
  return hashCodeOf(counts);
}

/** The same from counts; zero counts do not show. */
export function hashCodeOf(counts: ReadonlyMap<InstanceStatus, number>): string {
  let digest = '';
  for (const status of [...counts.keys()].sort()) {
    const count = counts.get(status) ?? 0;
    if (count > 0) digest += `${status}_${count}_`;
  }
  return digest;
}
