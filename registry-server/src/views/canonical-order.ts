/** The order of every list: by application, then id, by code unit. So every node gives the same bytes for the same content. */
import type { ServedInstance } from '../replica/replica-reader.ts';

/** Negative, 0 or positive, as `sort` wants it. */
export function canonically(a: Named, b: Named): number {
  if (a.app !== b.app) return a.app < b.app ? -1 : 1;
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}

type Named = Pick<ServedInstance, 'app' | 'id'>;

export function inOrder(instances: Iterable<ServedInstance>): ServedInstance[] {
  return [...instances].sort(canonically);
}
