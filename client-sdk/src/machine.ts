/** What discovery stands on: time, chance, the environment, signals, and how registries and instances are reached. A test brings its own. */
import type { Instance, ServiceOptions } from './api.ts';
import type { Connections } from './call/connections.ts';
import { portOf } from './call/reachable.ts';
import type { ResolvedDiscoveryOptions } from './discovery-options.ts';
import type { SignalProcess } from './registration/signals.ts';
import { HttpRegistryApi } from './registry-api/http-registry-api.ts';
import type { RegistryApi } from './registry-api/registry-api.ts';
import { type Clock, systemClock } from './runtime/clock.ts';
import { type Random, systemRandom } from './runtime/random.ts';
import type { ResolvedServiceOptions } from './service-options.ts';
import { InstancePools } from './transport/instance-pools.ts';
import { UndiciHttpClient } from './transport/registry-http.ts';
import { tcpProbe } from './transport/tcp-probe.ts';

export interface Machine {
  readonly clock: Clock;
  readonly random: Random;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where signals come from; undefined: nowhere. */
  readonly process: SignalProcess | undefined;
  /** Undefined where the options bring a source of their own. */
  registry(options: ResolvedDiscoveryOptions): RegistryApi | undefined;
  connections(
    options: ResolvedServiceOptions,
    protocol: ServiceOptions['protocol'],
    dispatcherFor: ResolvedDiscoveryOptions['dispatcherFor'],
  ): Connections;
  /** Whether an instance accepts connections; false when it does not within `timeoutMs`. */
  probe(instance: Instance, protocol: ServiceOptions['protocol'], timeoutMs: number): Promise<boolean>;
}

export const SYSTEM: Machine = {
  clock: systemClock,
  random: systemRandom,
  environment: process.env,
  process,
  registry({ registry, zone }) {
    if (registry === undefined) return undefined;
    const http = new UndiciHttpClient({ tls: registry.tls });
    return new HttpRegistryApi({ ...registry, zone, http, clock: systemClock, random: systemRandom });
  },
  connections: (options, protocol, dispatcherFor) =>
    new InstancePools({ options, protocol, dispatcherFor, clock: systemClock }),
  probe: (instance, protocol, timeoutMs) =>
    tcpProbe({ address: instance.address, port: portOf(instance, protocol) ?? instance.port }, timeoutMs),
};
