/** The engines of all services that are called, each made at its service's first call and kept, with its instances kept up to date. */
import type { ServiceOptions } from '../api.ts';
import type { Balancer } from '../balancer/balancer.ts';
import type { CachedService, InstanceCache } from '../cache/instance-cache.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import type { ResolvedServiceOptions, ServiceOptionsOf } from '../service-options.ts';
import type { Connections } from './connections.ts';
import { reachable } from './reachable.ts';
import { type AttemptListener, ServiceCaller } from './service-caller.ts';

type Protocol = ServiceOptions['protocol'];

export interface ServiceCallersParts {
  readonly cache: InstanceCache;
  readonly optionsOf: ServiceOptionsOf;
  readonly readyMs: number;
  readonly ownZone: () => string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly balancer: (options: ResolvedServiceOptions, protocol: Protocol, service: string) => Balancer;
  readonly connections: (options: ResolvedServiceOptions, protocol: Protocol) => Connections;
  readonly listener: AttemptListener;
}

export class ServiceCallers {
  readonly #parts: ServiceCallersParts;
  readonly #plain = new Map<string, ServiceCaller>();
  /** For callers that said `https`: other instances may be fit for them, and their health is another matter. */
  readonly #secure = new Map<string, ServiceCaller>();
  readonly #all: { readonly caller: ServiceCaller; readonly protocol: Protocol; seen: CachedService }[] = [];
  #closed: Promise<void> | undefined;

  constructor(parts: ServiceCallersParts) {
    this.#parts = parts;
  }

  get all(): readonly ServiceCaller[] {
    return this.#all.map(({ caller }) => caller);
  }

  /** @param service - in lower case */
  caller(service: string, secure: boolean): ServiceCaller {
    return (secure ? this.#secure : this.#plain).get(service) ?? this.#make(service, secure);
  }

  /** The cache has changed, or has its first list. */
  refresh(): void {
    for (const entry of this.#all) {
      const now = this.#parts.cache.service(entry.caller.service);
      if (now === entry.seen) continue;
      entry.seen = now;
      entry.caller.update(reachable(now, entry.protocol));
    }
    if (this.#parts.cache.ready) for (const { caller } of this.#all) caller.ready();
  }

  /** Once a second. */
  tick(now: number): void {
    for (const { caller } of this.#all) caller.tick(now);
  }

  close(graceMs: number): Promise<void> {
    this.#closed ??= Promise.all(this.#all.map(({ caller }) => caller.close(graceMs))).then(() => undefined);
    return this.#closed;
  }

  #make(service: string, secure: boolean): ServiceCaller {
    const { cache, optionsOf, readyMs, ownZone, clock, random, balancer, connections, listener } = this.#parts;
    const options = optionsOf(service);
    const protocol = secure ? 'https' : options.protocol;
    const seen = cache.service(service);
    const caller = new ServiceCaller(
      {
        service,
        options,
        balancer: balancer(options, protocol, service),
        connections: connections(options, protocol),
        cache,
        readyMs,
        ownZone,
        listener,
        clock,
        random,
      },
      seen,
    );
    (secure ? this.#secure : this.#plain).set(service, caller);
    this.#all.push({ caller, protocol, seen });
    caller.update(reachable(seen, protocol));
    // One that is made after the end tells its callers so.
    if (this.#closed !== undefined) void caller.close(0);
    return caller;
  }
}
