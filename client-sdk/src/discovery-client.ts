/** The composition root: registry, source, cache, balancers, engine and the doors to it, put together once for each `createDiscovery`. */
import type { Server } from 'node:http';
import type {
  Discovery,
  DiscoveryEvents,
  DiscoveryOptions,
  DiscoveryReport,
  Instance,
  InstanceSource,
  Metric,
  Pick,
  PickOptions,
  Registration,
  RegistrationOptions,
  RequestOptions,
  ServiceReport,
  ServiceSnapshot,
  SourceHandler,
} from './api.ts';
import { ServiceBalancer } from './balancer/service-balancer.ts';
import { untilListed } from './cache/first-list.ts';
import { ServiceCache } from './cache/service-cache.ts';
import { SnapshotFile } from './cache/snapshot-file.ts';
import { SnapshotKeeper } from './cache/snapshot-keeper.ts';
import { pickInstance } from './call/pick-instance.ts';
import type { AttemptListener, ServiceCaller } from './call/service-caller.ts';
import { ServiceCallers } from './call/service-callers.ts';
import { ServiceNames } from './call/service-names.ts';
import { discoveryOptions, type ResolvedDiscoveryOptions } from './discovery-options.ts';
import { CallError, OptionsError } from './errors.ts';
import { type Machine, SYSTEM } from './machine.ts';
import { DiscoveryEventSources } from './observe/discovery-events.ts';
import { metricsOf } from './observe/metrics.ts';
import { Registrations } from './registration/registrations.ts';
import { systemSurroundings } from './registration/system-surroundings.ts';
import type { RegistryApi } from './registry-api/registry-api.ts';
import type { Clock } from './runtime/clock.ts';
import { type Loop, startLoop } from './runtime/loop.ts';
import { EurekaSource } from './source/eureka-source.ts';
import { startPolicy } from './start-policy.ts';
import { DiscoveryDispatcher, type Services } from './transport/discovery-dispatcher.ts';
import { globalDispatcher, installDispatcher } from './transport/global-dispatcher.ts';
import { ServiceRequests } from './transport/service-request.ts';

const TICK_MS = 1_000;
/** The ticker this late: the event loop stood still, and what we know is old. */
const STALL_MS = 2_000;
/** Calls on their way have this long once `close` has drained the registrations, in ms. */
const CLOSE_GRACE_MS = 5_000;

/**
 * Starts discovery. Reads `HEUREKA_URL` or `EUREKA_URL` and `HEUREKA_ZONE` where options say nothing.
 *
 * @returns as `start` says: at once, or with the first list
 * @throws {OptionsError} naming every option that is wrong; {RegistryError} as `start` says
 */
export function createDiscovery(options: DiscoveryOptions = {}): Promise<Discovery> {
  return createDiscoveryOn(SYSTEM, options);
}

/** The same on another machine: for the testing kit. */
export async function createDiscoveryOn(machine: Machine, given: DiscoveryOptions): Promise<Discovery> {
  const options = discoveryOptions(given, machine.environment);
  const client = new DiscoveryClient(options, machine, given.zone);
  try {
    await client.start();
  } catch (error) {
    await client.close();
    throw error;
  }
  return client;
}

class DiscoveryClient implements Discovery {
  readonly fetch: typeof globalThis.fetch;
  readonly dispatcher: DiscoveryDispatcher;
  readonly #options: ResolvedDiscoveryOptions;
  readonly #clock: Clock;
  readonly #events = new DiscoveryEventSources();
  readonly #cache: ServiceCache;
  readonly #api: RegistryApi | undefined;
  readonly #eureka: EurekaSource | undefined;
  readonly #source: InstanceSource;
  readonly #registrations: Registrations | undefined;
  readonly #callers: ServiceCallers;
  readonly #services: Services;
  readonly #requests: ServiceRequests;
  readonly #snapshots: SnapshotKeeper | undefined;
  readonly #installed = new Set<Disposable>();
  readonly #closing = new AbortController();
  /** The registry pushes its changes now. */
  #pushed = false;
  #refreshing = false;
  #following: Promise<void> | undefined;
  #ticker: Loop | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: ResolvedDiscoveryOptions, machine: Machine, zone: string | undefined) {
    const { clock, random } = machine;
    this.#options = options;
    this.#clock = clock;
    this.#cache = new ServiceCache({
      clock,
      ...(options.source === undefined ? {} : { staleMs: Number.POSITIVE_INFINITY }),
    });
    this.#api = machine.registry(options);
    this.#eureka =
      this.#api === undefined || options.registry === undefined
        ? undefined
        : new EurekaSource({ api: this.#api, clock, random, ...options.registry, subscribe: options.subscribe });
    // Options see to it that there is one of the two.
    this.#source = options.source ?? this.#eureka!;
    this.#registrations = this.#registering(machine);
    const ownZone = (): string | undefined => zone ?? this.#registrations?.zone ?? options.zone;
    this.#callers = this.#calling(machine, ownZone);
    const names = new ServiceNames({
      named: options.named,
      hosts: options.hosts,
      listed: () => this.#cache.ready,
      everListed: (name) => this.#cache.everListed(name),
    });
    this.#services = {
      meaning: (origin) => names.meaning(origin),
      caller: (service, secure) => this.#callers.caller(service, secure),
      isService: (name) => options.named.has(name) || this.#cache.everListed(name),
      listed: (ms = options.readyMs, signal) => {
        const closing = this.#closing.signal;
        const ended = signal === undefined ? closing : AbortSignal.any([signal, closing]);
        return untilListed(this.#cache, Math.min(ms, options.readyMs), clock, ended);
      },
      notReady: (service) => notReady(service, this.#closing.signal.aborted),
    };
    const fallback = options.fallbackDispatcher ?? globalDispatcher();
    this.dispatcher = new DiscoveryDispatcher(this.#services, fallback, () => this.close());
    this.#requests = new ServiceRequests(this.#services, this.dispatcher);
    const { fetch } = globalThis;
    // `dispatcher` is an option of Node's fetch that its types do not know.
    this.fetch = (input, init) => fetch(input, { ...init, dispatcher: this.dispatcher } as object);
    this.#snapshots =
      typeof options.snapshotFile === 'string'
        ? new SnapshotKeeper({
            file: new SnapshotFile({ path: options.snapshotFile, clock }),
            cache: this.#cache,
            clock,
          })
        : undefined;
    this.#listen();
  }

  /** @throws {RegistryError} when `start` wants a list and there is none */
  async start(): Promise<void> {
    const { start, readyMs, signal } = this.#options;
    if (signal?.aborted) throw signal.reason;
    signal?.addEventListener('abort', () => void this.close(), { once: true, signal: this.#closing.signal });
    if (await this.#snapshots?.restore()) this.#events.emit('source', { url: 'snapshot file', mode: 'disk' });
    this.#snapshots?.start();
    const started = startPolicy({
      start,
      readyMs,
      cache: this.#cache,
      onSource: this.#eureka?.onSource,
      url: this.#api?.server ?? 'source',
      clock: this.#clock,
      signal: this.#closing.signal,
    });
    this.#following = this.#source.open(this.#handler(), this.#closing.signal).catch((error: unknown) => {
      this.#events.emit('warning', { code: 'SOURCE_FAILED', message: messageOf(error) });
    });
    this.#tick();
    await started;
    signal?.throwIfAborted();
  }

  request(
    target: string | URL | (RequestOptions & { service: string; path: string }),
    options?: RequestOptions,
  ): ReturnType<ServiceRequests['request']> {
    return this.#requests.request(target, options);
  }

  install(): Disposable {
    if (this.#closed !== undefined) throw notReady('discovery', true);
    const installed = installDispatcher((...args) => this.dispatcher.dispatchOr(...args));
    this.#installed.add(installed);
    return {
      [Symbol.dispose]: () => {
        if (this.#installed.delete(installed)) installed[Symbol.dispose]();
      },
    };
  }

  async register(registration: RegistrationOptions): Promise<Registration> {
    return this.#own(await this.#registrar().register(registration));
  }

  async registerServer(server: Server, registration?: Partial<RegistrationOptions>): Promise<Registration> {
    return this.#own(await this.#registrar().registerServer(server, registration));
  }

  instances(service: string): readonly Instance[] {
    return this.#cache.service(service).instances;
  }

  pick(service: string, options?: PickOptions): Pick | undefined {
    const name = service.toLowerCase();
    if (!this.#services.isService(name)) return undefined;
    return pickInstance(this.#callers.caller(name, false).balancer, this.#clock, options);
  }

  services(): readonly string[] {
    return this.#cache.services();
  }

  watch(service: string, { signal }: { signal?: AbortSignal } = {}): AsyncIterable<ServiceSnapshot> {
    const closing = this.#closing.signal;
    return this.#cache.watch(service, signal === undefined ? closing : AbortSignal.any([signal, closing]));
  }

  inspect(): DiscoveryReport;
  inspect(service: string): ServiceReport;
  inspect(service?: string): DiscoveryReport | ServiceReport {
    if (service !== undefined) {
      const name = service.toLowerCase();
      if (!this.#services.isService(name)) return { service: name, panic: false, instances: [] };
      return this.#report(this.#callers.caller(name, false));
    }
    const { ageMs, stale } = this.#cache;
    return {
      services: this.#cache.services(),
      source: { url: this.#api?.server ?? 'source', ageMs, stale },
      registrations: this.#registrations?.all ?? [],
    };
  }

  metrics(): readonly Metric[] {
    const { ageMs, stale } = this.#cache;
    return metricsOf({
      instances: this.#cache.instances().length,
      ageMs,
      stale,
      services: this.#callers.all.map((caller) => ({
        service: caller.service,
        counters: caller.counters,
        report: this.#report(caller),
        budget: caller.budget.balance,
        shedShare: caller.shedShare,
      })),
    });
  }

  on<E extends keyof DiscoveryEvents>(event: E, listener: (event: DiscoveryEvents[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  async ready({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const closing = this.#closing.signal;
    const ended = signal === undefined ? closing : AbortSignal.any([signal, closing]);
    await untilListed(this.#cache, Number.POSITIVE_INFINITY, this.#clock, ended);
    if (this.#cache.ready) return;
    throw signal?.aborted ? signal.reason : notReady('discovery', true);
  }

  close({ drainMs }: { drainMs?: number } = {}): Promise<void> {
    this.#closed ??= this.#close(drainMs);
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Our calls and our list go on until the last registration is gone: a service that drains still calls others. */
  async #close(drainMs: number | undefined): Promise<void> {
    for (const installed of this.#installed) installed[Symbol.dispose]();
    this.#installed.clear();
    await this.#registrations?.close(drainMs);
    this.#closing.abort();
    await Promise.allSettled([
      this.#following,
      this.#ticker?.stop(),
      this.#snapshots?.close(),
      this.#callers.close(Math.min(CLOSE_GRACE_MS, drainMs ?? CLOSE_GRACE_MS)),
    ]);
    await this.#api?.close();
  }

  #registering({ clock, random, process }: Machine): Registrations | undefined {
    const api = this.#api;
    if (api === undefined) return undefined;
    const { zone } = this.#options;
    return new Registrations({
      api,
      clock,
      random,
      process,
      surroundings: () => systemSurroundings({ registryUrl: api.server, zone }),
      pushes: () => this.#pushed,
    });
  }

  #calling(machine: Machine, ownZone: () => string | undefined): ServiceCallers {
    const { clock, random } = machine;
    const { optionsOf, readyMs, dispatcherFor } = this.#options;
    return new ServiceCallers({
      cache: this.#cache,
      optionsOf,
      readyMs,
      ownZone,
      clock,
      random,
      listener: attemptListener(this.#events),
      balancer: (options, protocol, service) => {
        const balancer = new ServiceBalancer({
          options,
          random,
          ownZone,
          ownApp: () => {
            const app = this.#registrations?.app;
            return app === undefined ? undefined : this.#cache.service(app);
          },
          probe: (instance) => machine.probe(instance, protocol, options.connectMs),
        });
        balancer.onHealth(({ slot: _, until, ...event }) =>
          this.#events.emit(
            'health',
            until === undefined ? event : { ...event, until: clock.now() + until - clock.monotonic() },
          ),
        );
        balancer.onPanic((on) => this.#events.emit('panic', { service, on }));
        return balancer;
      },
      connections: (options, protocol) => machine.connections(options, protocol, dispatcherFor),
    });
  }

  #listen(): void {
    const { emit } = this.#events;
    const cache = this.#cache;
    cache.onChange((snapshot) => {
      this.#refreshSoon();
      emit.call(this.#events, 'snapshot', snapshot);
    });
    cache.onReport(() => {
      this.#callers.refresh();
      this.#registrations?.compare((app, id) => cache.holds(app, id));
    });
    this.#eureka?.onSource((event) => {
      this.#pushed = event.mode === 'push' && event.error === undefined;
      emit.call(this.#events, 'source', event);
    });
    for (const warnings of [this.#eureka?.onWarning, this.#registrations?.onWarning, this.#snapshots?.onWarning]) {
      warnings?.((event) => emit.call(this.#events, 'warning', event));
    }
    this.#registrations?.onRenewal(({ of: { app, id }, renewal: { server, heldSince, askedAt } }) => {
      const followingSince = this.#eureka?.followingSince(server);
      // A list without us, from a registry that renews us, is from elsewhere: several servers behind one name.
      if (followingSince === undefined || !cache.holds(app, id)) return;
      cache.absenceConfirmed(Math.max(heldSince, followingSince), askedAt);
    });
    this.#registrations?.onEvent((event) => emit.call(this.#events, 'registration', event));
  }

  /** Once for all services that change in one turn. */
  #refreshSoon(): void {
    if (this.#refreshing) return;
    this.#refreshing = true;
    queueMicrotask(() => {
      this.#refreshing = false;
      this.#callers.refresh();
    });
  }

  #tick(): void {
    let due = this.#clock.monotonic() + TICK_MS;
    this.#ticker = startLoop({
      clock: this.#clock,
      firstMs: TICK_MS,
      turn: () => {
        const now = this.#clock.monotonic();
        if (now - due > STALL_MS) this.#eureka?.refresh();
        this.#callers.tick(now);
        due = now + TICK_MS;
        return TICK_MS;
      },
      failed: (error) => {
        this.#events.emit('warning', { code: 'INTERNAL', message: messageOf(error) });
        return TICK_MS;
      },
    });
  }

  /** The list must have our own application: zone shares are made from it, and its absence tells of an emptied registry. */
  #own(registration: Registration): Registration {
    this.#eureka?.include(registration.instance.app);
    return registration;
  }

  #registrar(): Registrations {
    if (this.#closing.signal.aborted || this.#closed !== undefined) throw notReady('discovery', true);
    if (this.#registrations !== undefined) return this.#registrations;
    throw new OptionsError([{ option: 'source', got: this.#options.source, accepts: 'nothing where one registers' }]);
  }

  #report({ balancer }: ServiceCaller): ServiceReport {
    return balancer.report(this.#clock.monotonic());
  }

  /** What the source tells. A custom one that fails is told to users here; the registry's tells by itself. */
  #handler(): SourceHandler {
    if (this.#options.source === undefined) return this.#cache;
    const cache = this.#cache;
    return {
      snapshot: (all) => cache.snapshot(all),
      change: (added, removed) => cache.change(added, removed),
      confirmed: () => cache.confirmed(),
      failed: (error) => this.#events.emit('warning', { code: 'SOURCE_FAILED', message: messageOf(error) }),
    };
  }
}

function attemptListener(events: DiscoveryEventSources): AttemptListener {
  return {
    audience: events.audience('attempt'),
    tell: (attempt) => events.emit('attempt', attempt),
    retried: (retry) => events.emit('retry', retry),
    pickFailed: (failure) => events.emit('pick-failed', failure),
  };
}

function notReady(service: string, closed: boolean): CallError {
  return closed
    ? new CallError('ERR_CLOSED', `${service} cannot be used: discovery is closed`, { service })
    : new CallError('ERR_NOT_READY', `${service} cannot be called yet: no list of instances has been received`, {
        service,
        retryable: true,
      });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
