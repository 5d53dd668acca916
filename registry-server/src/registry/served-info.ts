import type { InstanceInfo } from '@heureka/client-sdk/protocol';
import type { InstanceRecord } from '../store/instance-record.ts';
import type { EpochMs } from './time.ts';

/**
 * A record as the wire shows it: the client's content with the server's own facts. Timestamps of the lease are those of the record's last
 * change, so that a heartbeat changes no list; a read of one instance passes the live one.
 *
 * @param lastRenewal - store time of the last sign of life; default: of the record's last change
 */
export function servedInfo(record: InstanceRecord, lastRenewal: EpochMs = record.updatedAt): InstanceInfo {
  const { info } = record;
  return {
    ...info,
    overriddenStatus: record.override?.status ?? 'UNKNOWN',
    leaseInfo: {
      renewalIntervalInSecs: info.leaseInfo.renewalIntervalInSecs,
      durationInSecs: info.leaseInfo.durationInSecs,
      registrationTimestamp: record.registeredAt,
      lastRenewalTimestamp: lastRenewal,
      evictionTimestamp: 0,
      serviceUpTimestamp: record.serviceUpAt,
    },
    isCoordinatingDiscoveryServer: false,
    lastUpdatedTimestamp: record.updatedAt,
    actionType: record.action,
  };
}

/** The same for an instance that is gone: what a delta shows. A DELETED entry keeps its last status. */
export function servedRemoval(record: InstanceRecord, removedAt: EpochMs): InstanceInfo {
  const info = servedInfo(record);
  return {
    ...info,
    leaseInfo: { ...info.leaseInfo, evictionTimestamp: removedAt },
    lastUpdatedTimestamp: removedAt,
    actionType: 'DELETED',
  };
}
