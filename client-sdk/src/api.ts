/**
 * The SDK's public surface: options with their units, answers, events. Types only; `discovery-client.ts` makes them true.
 *
 * Open for growth without a break: options objects everywhere, codes and reasons may gain members, and `Discovery` is an interface
 * that users do not implement.
 */
import type { Server } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Attempt, AttemptOutcome, CallError, DiscoveryError } from './errors.ts';
import type { InstanceStatus } from './protocol/instance-info.ts';

export interface DiscoveryOptions {
  registry?: string | readonly string[] | RegistryOptions;
  /** instead of a registry: static list, tests, later kubernetes */
  source?: InstanceSource;
  /** default: HEUREKA_ZONE, else metadata.zone of our registration, else unknown */
  zone?: string;
  /** default 'background' */
  start?: 'fail-fast' | 'wait' | 'background';
  /** longest wait for the first list, per start and per call; 5_000 */
  readyMs?: number;
  /** default: every application */
  subscribe?: readonly string[];
  /** per service, over `defaults`; names are then always services */
  services?: Readonly<Record<string, Partial<ServiceOptions>>>;
  defaults?: Partial<ServiceOptions>;
  /** which URL is a service; default: one label, no port, not localhost */
  hosts?: (host: ParsedHost) => string | undefined;
  /** where all other hosts go; default: the process's dispatcher at creation */
  fallbackDispatcher?: Dispatcher;
  /** one per instance, default an undici Pool; for mTLS, sockets, mocks */
  dispatcherFor?: (instance: Instance) => Dispatcher;
  /** default false */
  snapshotFile?: string | false;
  /** aborts start, closes later */
  signal?: AbortSignal;
}
export interface RegistryOptions {
  /** by zone */
  urls: readonly string[] | Readonly<Record<string, readonly string[]>>;
  auth?: { username: string; password: string } | { bearer: string | (() => string | Promise<string>) };
  tls?: { ca?: string | Uint8Array; cert?: string | Uint8Array; key?: string | Uint8Array; servername?: string };
  pollMs?: number;
  push?: boolean;
  timeoutMs?: number;
}
export interface ParsedHost {
  readonly protocol: 'http:' | 'https:';
  readonly hostname: string;
  readonly port: string;
}

export interface ServiceOptions {
  policy: PolicyName | BalancerPolicy;
  zoneMode: 'balanced' | 'prefer' | 'exclusive' | 'bias' | 'off';
  /** 1_000, 5_000, 30_000 */
  connectMs: number;
  headersMs: number;
  bodyIdleMs: number;
  /** until the caller has response headers, retries included; 10_000 */
  totalMs: number;
  retry: false | Partial<RetryOptions>;
  breaker: false | Partial<BreakerOptions>;
  protocol: 'registered' | 'http' | 'https';
  connections: number;
  fallback?: (error: CallError, call: CallInfo) => FallbackAnswer | undefined | Promise<FallbackAnswer | undefined>;
}
export interface RetryOptions {
  attempts: number;
  statuses: readonly number[];
  methods: readonly string[];
  budgetShare: number;
  maxReplayBytes: number;
}
export interface BreakerOptions {
  minCalls: number;
  failureShare: number;
  consecutive: number;
  baseEjectMs: number;
  maxEjectMs: number;
  isFailure: (outcome: AttemptOutcome) => boolean;
}
export interface FallbackAnswer {
  status: number;
  headers?: Record<string, string | string[]>;
  body?: string | Uint8Array;
}
export type PolicyName =
  | 'peak-ewma'
  | 'least-request'
  | 'round-robin'
  | 'random'
  | 'weighted'
  | 'affinity'
  | (string & {});

export interface Discovery extends AsyncDisposable {
  /** the built-in fetch, balanced; needs no `this` */
  readonly fetch: typeof globalThis.fetch;
  request(url: string | URL, options?: RequestOptions): Promise<Dispatcher.ResponseData>;
  /** any name, also one no URL can hold */
  request(options: RequestOptions & { service: string; path: string }): Promise<Dispatcher.ResponseData>;
  /** for undici's own calls */
  readonly dispatcher: Dispatcher;
  /** every built-in fetch in the process, until disposed or close() */
  install(): Disposable;
  register(registration: RegistrationOptions): Promise<Registration>;
  /** waits for 'listening' */
  registerServer(server: Server, registration?: Partial<RegistrationOptions>): Promise<Registration>;
  /** UP only; [] when empty or unknown; never asks the network */
  instances(service: string): readonly Instance[];
  /** for grpc, sockets, other clients */
  pick(service: string, options?: PickOptions): Pick | undefined;
  services(): readonly string[];
  /** first value at once; newest only */
  watch(service: string, options?: { signal?: AbortSignal }): AsyncIterable<ServiceSnapshot>;
  inspect(service: string): ServiceReport;
  inspect(): DiscoveryReport;
  metrics(): readonly Metric[];
  on<E extends keyof DiscoveryEvents>(event: E, listener: (event: DiscoveryEvents[E]) => void): () => void;
  ready(options?: { signal?: AbortSignal }): Promise<void>;
  /** never rejects; a second call returns the same promise */
  close(options?: { drainMs?: number }): Promise<void>;
}
export interface RequestOptions extends Omit<Dispatcher.RequestOptions, 'origin' | 'path' | 'method' | 'throwOnError'> {
  method?: Dispatcher.HttpMethod;
  idempotent?: boolean;
  affinityKey?: string;
  hint?: Readonly<Record<string, string>>;
  /** until the caller has response headers, retries and the wait for the first list included */
  totalMs?: number;
  /** over the service's; the budget is the service's own */
  retry?: false | Partial<Omit<RetryOptions, 'budgetShare'>>;
}
export interface RegistrationOptions {
  /** default: the name in package.json, without its scope */
  app?: string;
  port: number;
  securePort?: number;
  /** default: environment (`POD_IP` and the like), route to the registry, first real interface */
  address?: string;
  /** CIDR (`10.0.0.0/8`) or the beginning of an address (`192.168.`), best first */
  preferredNetworks?: readonly string[];
  /** names, `*` for any characters (`docker*`) */
  ignoredInterfaces?: readonly string[];
  /** default: the address */
  hostname?: string;
  /** default: `<address>:<app>:<port>`, and the number of a cluster worker */
  instanceId?: string;
  /** default: `app` */
  vip?: string;
  secureVip?: string;
  metadata?: Readonly<Record<string, string>>;
  /** default: `metadata.zone`, else the discovery's */
  zone?: string;
  /** default 'UP' */
  status?: 'UP' | 'STARTING' | 'OUT_OF_SERVICE';
  /** 10_000, or a third of `leaseMs` */
  heartbeatMs?: number;
  /** 30_000 */
  leaseMs?: number;
  /** asked with each beat while the status is UP; what it throws counts as DOWN */
  health?: () => InstanceStatus | boolean | Promise<InstanceStatus | boolean>;
  /** 1_000 where the registry pushes, else 5_000; 10_000 */
  drain?: { propagationMs?: number; inflightMs?: number };
  /** default ['SIGTERM'] */
  signals?: readonly NodeJS.Signals[] | false;
}
export interface Registration extends AsyncDisposable {
  /** as announced last */
  readonly instance: Instance;
  readonly state: 'registering' | 'registered' | 'lost' | 'draining' | 'cancelled';
  /** resolves when the registry acknowledged it */
  setStatus(status: InstanceStatus): Promise<void>;
  setMetadata(patch: Readonly<Record<string, string | undefined>>): Promise<void>;
  drain(): Promise<void>;
  cancel(): Promise<void>;
}
export interface Instance {
  readonly id: string;
  /** as registered, lower-case */
  readonly app: string;
  /** what is connected to: the IP address where it is one, else the host name */
  readonly address: string;
  readonly hostname: string;
  /** the secure port where that is enabled, else the plain one */
  readonly port: number;
  readonly secure: boolean;
  /** both ports where enabled, for `protocol: 'http' | 'https'` */
  readonly ports: { readonly plain: number | undefined; readonly secure: number | undefined };
  readonly url: string;
  readonly status: InstanceStatus;
  readonly zone: string | undefined;
  readonly vip: readonly string[];
  readonly secureVip: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
}
export interface ServiceSnapshot {
  readonly service: string;
  readonly instances: readonly Instance[];
  readonly known: boolean;
  readonly stale: boolean;
  readonly ageMs: number;
  readonly added: readonly Instance[];
  readonly removed: readonly Instance[];
  readonly changed: readonly Instance[];
}
export interface Pick {
  readonly instance: Instance;
  settle(outcome: 'ok' | 'failed' | 'ignored', ms?: number): void;
} // settle exactly once
export interface PickOptions {
  exclude?: readonly string[];
  affinityKey?: string;
  hint?: Readonly<Record<string, string>>;
}

export interface CallInfo {
  readonly service: string;
  readonly method: string;
  readonly path: string;
}
export interface DiscoveryEvents {
  snapshot: ServiceSnapshot;
  health: HealthEvent;
  registration: { instance: Instance; state: Registration['state']; error?: DiscoveryError };
  source: { url: string; mode: 'push' | 'poll' | 'disk'; error?: DiscoveryError };
  attempt: Attempt & CallInfo;
  /** a call is tried again: after `delayMs`, since nothing had been sent, or what was sent failed */
  retry: CallInfo & { reason: 'unsent' | 'failed'; delayMs: number };
  /** a call found nobody that may be tried */
  'pick-failed': CallInfo & { tried: number };
  /** too few instances of a service are healthy: all are used; or no longer */
  panic: { service: string; on: boolean };
  warning: { code: string; message: string };
}
export interface HealthEvent {
  readonly service: string;
  readonly instance: string;
  readonly from: Health;
  readonly to: Health;
  readonly reason: 'consecutive' | 'rate' | 'outlier' | 'connect' | 'probe-ok' | 'probe-failed' | 'expired';
  /** epoch ms: when it may be tried again */
  readonly until?: number;
}
export type Health = 'healthy' | 'ejected' | 'probing';
export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly buckets?: readonly (readonly [le: number, count: number])[];
}
export interface ServiceReport {
  readonly service: string;
  readonly panic: boolean;
  readonly instances: readonly {
    readonly instance: Instance;
    readonly eligible: boolean;
    readonly why: string;
    readonly health: Health;
    readonly breaker: 'closed' | 'open' | 'half-open';
    readonly inflight: number;
    readonly latencyMs: number;
    readonly share: number;
  }[];
}
export interface DiscoveryReport {
  readonly services: readonly string[];
  readonly source: { readonly url: string; readonly ageMs: number; readonly stale: boolean };
  readonly registrations: readonly Registration[];
}
export interface BalancerPolicy {
  update(view: BalancerView): void;
  pick(now: number, exclude: readonly number[], affinityKey?: string): number;
} // a slot of the view, -1: none
export interface BalancerView {
  readonly slots: readonly number[];
  instance(slot: number): Instance;
  weight(slot: number): number;
  inflight(slot: number): number;
  latencyMs(slot: number, now: number): number;
}
/** Where instances come from. */
export interface InstanceSource {
  /** Reports until `signal` aborts; rejects only when it can never report (the options are wrong). Failures meanwhile go to `handler.failed`. */
  open(handler: SourceHandler, signal: AbortSignal): Promise<void>;
}
/** What a source reports. Ids are unique inside an application only. */
export interface SourceHandler {
  /** The whole list. What is missing from it is doubted for a while, not removed at once. */
  snapshot(all: readonly Instance[]): void;
  /** Instances added or changed, and those removed by name: these are believed. */
  change(added: readonly Instance[], removed: readonly { readonly app: string; readonly id: string }[]): void;
  /** The list held is still right as of now: nothing has changed. */
  confirmed?(): void;
  /** The source could not be asked; it goes on trying. */
  failed?(error: unknown): void;
}
