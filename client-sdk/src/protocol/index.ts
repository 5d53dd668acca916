/** Eureka's wire model: what both the SDK and the registry server speak. Pure: no time, no sockets. */
export type { Application, Applications } from './applications.ts';
export { DecodeError } from './decode-error.ts';
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
