/** A source and its cache, following fake servers: the start of the tests of `EurekaSource`. */
import { onTestFinished } from 'vitest';
import type { DiscoveryEvents } from '../api.ts';
import { ServiceCache } from '../cache/service-cache.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { EurekaSource, type EurekaSourceOptions } from './eureka-source.ts';
import { anInfo, FakeRegistryApi, FakeServer } from './fake-registry.fixture.ts';

export const i1 = anInfo({ instanceId: 'i1', ipAddr: '10.0.0.1' });
export const i2 = anInfo({ instanceId: 'i2', ipAddr: '10.0.0.2' });
export const cart = anInfo({ app: 'CART', instanceId: 'c1', ipAddr: '10.0.1.1' });

/** A source that follows the given servers into a cache; chance is always one half, so no pause varies. */
export async function following(
  kinds: readonly ('ours' | 'stock')[],
  options: Partial<EurekaSourceOptions> = {},
  prepare: (servers: readonly FakeServer[]) => void = ([first]) => first!.put(i1, i2),
) {
  const clock = new FakeClock();
  const servers = kinds.map((kind, at) => new FakeServer(`http://r${at}/eureka`, kind, clock, `e${at}`));
  prepare(servers);
  const api = new FakeRegistryApi(servers, clock);
  const source = new EurekaSource({ api, clock, random: () => 0.5, pollMs: 30_000, push: true, ...options });
  const cache = new ServiceCache({ clock });
  const told: DiscoveryEvents['source'][] = [];
  const warnings: DiscoveryEvents['warning'][] = [];
  source.onSource((event) => told.push(event));
  source.onWarning((event) => warnings.push(event));
  const stopping = new AbortController();
  const closed = source.open(cache, stopping.signal);
  const close = async (): Promise<void> => {
    stopping.abort();
    await closed;
  };
  onTestFinished(close);
  await clock.advance(0);
  const ids = (service: string): string[] => cache.service(service).instances.map(({ id }) => id);
  return { clock, servers, server: servers[0]!, api, source, cache, told, warnings, ids, close };
}
