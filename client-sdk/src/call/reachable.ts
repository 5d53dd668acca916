/** Which instances of a service can be called at all with a protocol: those that have enabled a port for it. */
import type { Instance, ServiceOptions } from '../api.ts';
import type { CachedService } from '../cache/instance-cache.ts';

/** @returns the same object where nobody is left out */
export function reachable(service: CachedService, protocol: ServiceOptions['protocol']): CachedService {
  if (protocol === 'registered') return service;
  const has = (instance: Instance): boolean => portOf(instance, protocol) !== undefined;
  if (service.all.every(has)) return service;
  return { ...service, instances: service.instances.filter(has), all: service.all.filter(has) };
}

/** The port of an instance that is called; undefined: it has none for this protocol. */
export function portOf(instance: Instance, protocol: ServiceOptions['protocol']): number | undefined {
  if (protocol === 'registered') return instance.port;
  return protocol === 'https' ? instance.ports.secure : instance.ports.plain;
}
