/** Which changes a reader is shown: the latest of each instance, of those that the reader's filter wants. */
import type { AppliedChange, ServedInstance } from '../replica/replica-reader.ts';
import type { InstanceKey } from '../store/instance-key.ts';
import { inOrder } from './canonical-order.ts';
import type { ChangeFilter } from './views.ts';

export type Wanted = (change: AppliedChange) => boolean;

/**
 * A change is wanted when it happened in one of the applications, or the instance has one of the VIPs (secure ones too), or had it before:
 * a reader must learn of what left.
 *
 * @param unknownUpTo - version up to which it is not known what stood there before: such changes are wanted by every reader of VIPs
 */
export function wantedBy({ apps, vips }: ChangeFilter, unknownUpTo: number): Wanted {
  if (apps.length === 0 && vips.length === 0) return () => true;
  const ofApps = new Set(apps);
  const ofVips = new Set(vips);
  const named = (list: string | undefined): boolean =>
    list !== undefined && (list.includes(',') ? list.split(',').some((name) => ofVips.has(name)) : ofVips.has(list));
  const listed = (served: ServedInstance | undefined): boolean =>
    served !== undefined && (named(served.info.vipAddress) || named(served.info.secureVipAddress));
  return ({ app, before, delta, cursor }) =>
    ofApps.has(app) ||
    (ofVips.size > 0 && (listed(delta) || listed(before) || (before === undefined && cursor.version <= unknownUpTo)));
}

/** @param changes - oldest first. @returns what a delta shows of them, in canonical order */
export function selected(changes: Iterable<AppliedChange>, wanted: Wanted): ServedInstance[] {
  const latest = new Map<InstanceKey, ServedInstance>();
  for (const change of changes) {
    // Once wanted, its later changes are: the reader has heard of it.
    if (latest.has(change.key) || wanted(change)) latest.set(change.key, change.delta);
  }
  return inOrder(latest.values());
}
