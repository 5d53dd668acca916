/** Heureka's client SDK: discovery, zone-aware balancing, circuit breaking and failover around each call. */
export type * from './api.ts';
export { createDiscovery } from './discovery-client.ts';
export {
  CallError,
  type CallErrorCode,
  DiscoveryError,
  OptionsError,
  RegistryError,
  type RegistryErrorCode,
} from './errors.ts';
export type { InstanceStatus } from './protocol/instance-info.ts';
