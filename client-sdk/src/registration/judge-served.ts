/** Whether the record that a registry serves under our id is ours. Pure. */
import type { InstanceInfo } from '../protocol/instance-info.ts';

/**
 * - `ours`: what we registered, or something older that the registry will have from us soon.
 * - `newer`: the same content under a later version: our clock was set back since.
 * - `foreign`: later, and other content: another process registered under our id, or an earlier run of ours did before the clock was set back.
 */
export type Served = 'ours' | 'newer' | 'foreign';

export function judgeServed(ours: InstanceInfo, served: InstanceInfo): Served {
  if ((served.lastDirtyTimestamp ?? 0) <= (ours.lastDirtyTimestamp ?? 0)) return 'ours';
  return sameContent(ours, served) ? 'newer' : 'foreign';
}

function sameContent(ours: InstanceInfo, served: InstanceInfo): boolean {
  return (
    ours.ipAddr === served.ipAddr &&
    ours.hostName === served.hostName &&
    samePort(ours.port, served.port) &&
    samePort(ours.securePort, served.securePort) &&
    ours.vipAddress === served.vipAddress &&
    ours.secureVipAddress === served.secureVipAddress &&
    // Under an override the status is not what was registered.
    (served.overriddenStatus !== 'UNKNOWN' || ours.status === served.status) &&
    sameMetadata(ours.metadata, served.metadata)
  );
}

function samePort(one: InstanceInfo['port'], other: InstanceInfo['port']): boolean {
  return one.enabled === other.enabled && (!one.enabled || one.port === other.port);
}

function sameMetadata(one: InstanceInfo['metadata'], other: InstanceInfo['metadata']): boolean {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
}
