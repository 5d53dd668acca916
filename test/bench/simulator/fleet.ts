/** Instances for benches and simulations. */
import type { Instance } from '../../../client-sdk/src/api.ts';
import type { Want } from '../../../client-sdk/src/balancer/balancer.ts';
import type { CachedService } from '../../../client-sdk/src/cache/instance-cache.ts';
import { anInstance } from '../../../client-sdk/src/testing/an-instance.ts';

export const A_CALL: Want = {
  tried: [],
  repeatable: true,
  neverSent: false,
  affinityKey: undefined,
  hint: undefined,
};

/** UP instances, in turn in each of `zones` zones. */
export function fleet(count: number, zones = 3): Instance[] {
  return Array.from({ length: count }, (_, index) =>
    anInstance({
      app: 'orders',
      address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
      zone: `z${index % zones}`,
    }),
  );
}

export function listOf(instances: readonly Instance[]): CachedService {
  return {
    service: 'orders',
    all: instances,
    instances,
    unconfirmed: new Set(),
    known: true,
    stale: false,
    ageMs: 0,
    added: [],
    removed: [],
    changed: [],
  };
}
