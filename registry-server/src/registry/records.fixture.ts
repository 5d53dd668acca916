/** Records for tests of rules: an UP instance of BILLING, dirty timestamp 1000, registered at 1. */
import type { InstanceInfo } from '@heureka/client-sdk/protocol';
import { instanceKey } from '../store/instance-key.ts';
import type { InstanceRecord } from '../store/instance-record.ts';
import type { Held } from './ledger.ts';

export function anInfo(info: Partial<InstanceInfo> = {}): InstanceInfo & { lastDirtyTimestamp: number } {
  return {
    instanceId: 'i1',
    app: 'BILLING',
    ipAddr: '10.0.0.1',
    hostName: 'h1',
    port: { port: 9001, enabled: true },
    securePort: { port: 7002, enabled: false },
    countryId: 1,
    dataCenterInfo: { name: 'MyOwn' },
    status: 'UP',
    overriddenStatus: 'UNKNOWN',
    leaseInfo: {
      renewalIntervalInSecs: 30,
      durationInSecs: 90,
      registrationTimestamp: 0,
      lastRenewalTimestamp: 0,
      evictionTimestamp: 0,
      serviceUpTimestamp: 0,
    },
    isCoordinatingDiscoveryServer: false,
    metadata: {},
    lastUpdatedTimestamp: 0,
    ...info,
    lastDirtyTimestamp: info.lastDirtyTimestamp ?? 1000,
  };
}

export function aRecord(info: Partial<InstanceInfo> = {}, record: Partial<InstanceRecord> = {}): InstanceRecord {
  return {
    v: 1,
    info: anInfo(info),
    acceptedAt: 1,
    registeredAt: 1,
    serviceUpAt: 1,
    updatedAt: 1,
    override: undefined,
    action: 'ADDED',
    ...record,
  };
}

export function aHeld(record: InstanceRecord = aRecord(), held: Partial<Held> = {}): Held {
  return { key: instanceKey('BILLING', 'i1'), record, revision: 1, heard: 1, heardAt: 1, ...held };
}
