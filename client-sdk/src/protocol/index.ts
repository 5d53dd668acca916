/** Eureka's wire model: what both the SDK and the registry server speak. Pure: no time, no sockets. */
export type { Application, Applications } from './applications.ts';
export { applyDelta, byApp, type InstancesByApp } from './apply-delta.ts';
export { appsHashCode, hashCodeOf } from './apps-hash-code.ts';
export { DecodeError } from './decode-error.ts';
export { Header } from './headers.ts';
export {
  type ActionType,
  type DataCenterInfo,
  type DataCenterName,
  effectiveId,
  INSTANCE_STATUSES,
  type InstanceInfo,
  type InstanceStatus,
  isInstanceStatus,
  type LeaseInfo,
  type PortInfo,
} from './instance-info.ts';
export {
  decodeApplications,
  decodeInstance,
  decodeRegistration,
  decodeUnwrapped,
  type Registration,
  withInstanceId,
} from './json-decoder.ts';
export {
  compactDataCenter,
  dataCenterClass,
  encodeCompactInstanceJson,
  encodeInstanceJson,
  encodeRegistrationJson,
} from './json-encoder.ts';
export {
  boundedText,
  DEFAULT_COUNTRY,
  DEFAULT_DURATION_SECS,
  DEFAULT_INTERVAL_SECS,
  DEFAULT_PORT,
  DEFAULT_SECURE_PORT,
  dataCenterOf,
  int32Of,
  leaseOf,
  MAX_METADATA,
  MAX_TEXT,
  MetadataBuilder,
  statusOf,
  timestampOf,
} from './normalise.ts';
export {
  appPath,
  appsPath,
  deltaPath,
  heartbeatPath,
  instancePath,
  metadataPath,
  secureVipPath,
  statusPath,
  vipPath,
} from './paths.ts';
