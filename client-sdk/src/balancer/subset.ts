/**
 * The part of a large service that one client keeps connections to. Pure: rendezvous hashing with the client's own seed, each zone in
 * proportion (and at least one of each), so that one server that joins or leaves changes at most one member.
 * @see gRFC A68; seats by zone as in Adams's method, under which a zone that grows can only take one seat from another
 */
import type { Instance } from '../api.ts';
import { TUNING } from './balancer-options.ts';
import { hash32 } from './hash.ts';

interface Ranked {
  readonly instance: Instance;
  readonly hash: number;
}

/**
 * @param seed - the client's own, 32 bits: clients of one seed would all choose the same
 * @returns all up to 100 instances; else max(20, 3 per zone) of them
 */
export function subset(instances: readonly Instance[], seed: number): readonly Instance[] {
  const { above, size, perZone } = TUNING.subset;
  if (instances.length <= above) return instances;
  const zones = new Map<string, Ranked[]>();
  for (const instance of instances) {
    const ranked = { instance, hash: hash32(instance.address, seed ^ Math.imul(instance.port, 0x9e3779b1)) };
    const zone = zones.get(instance.zone ?? '');
    if (zone === undefined) zones.set(instance.zone ?? '', [ranked]);
    else zone.push(ranked);
  }
  const seats = Math.min(instances.length, Math.max(size, perZone * zones.size));
  const queue: { readonly instance: Instance; readonly at: number; readonly hash: number }[] = [];
  for (const zone of zones.values()) {
    zone.sort(byHash);
    for (let rank = 0; rank < Math.min(seats, zone.length); rank++) {
      queue.push({ ...zone[rank]!, at: rank / zone.length });
    }
  }
  queue.sort((a, b) => a.at - b.at || byHash(a, b));
  return queue.slice(0, seats).map(({ instance }) => instance);
}

function byHash(a: Ranked, b: Ranked): number {
  return a.hash - b.hash || (a.instance.id < b.instance.id ? -1 : 1);
}
