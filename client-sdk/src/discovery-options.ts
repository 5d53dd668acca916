/**
 * What `createDiscovery` takes, checked and filled: one table of defaults, one function. All problems are reported at once.
 */
import type { DiscoveryOptions, RegistryOptions } from './api.ts';
import { checkNames, type OptionNames, type OptionProblem, OptionsError } from './errors.ts';
import { type ServiceOptionsOf, serviceOptions } from './service-options.ts';

/** Where a Eureka server listens when nobody says otherwise. */
export const DEFAULT_REGISTRY_URL = 'http://localhost:8761/eureka';

export const DISCOVERY_DEFAULTS = {
  /** Calls work as soon as there is a list; a registry that is down at boot stops no start. */
  start: 'background',
  /** Long enough for a registry that is just restarting, short enough for a call to fail with a clear error. */
  readyMs: 5_000,
  /** Eureka's `registry-fetch-interval-seconds`; a safety net where the server pushes. */
  pollMs: 30_000,
  /** Of one request to a registry. */
  timeoutMs: 5_000,
} as const;

export interface ResolvedRegistry {
  /** Base URLs by zone, without trailing slash; a plain list stands under `''`. */
  readonly urls: ReadonlyMap<string, readonly string[]>;
  readonly auth: RegistryOptions['auth'];
  readonly tls: RegistryOptions['tls'];
  readonly pollMs: number;
  readonly push: boolean;
  readonly timeoutMs: number;
}

export interface ResolvedDiscoveryOptions
  extends Omit<DiscoveryOptions, 'registry' | 'start' | 'readyMs' | 'zone' | 'services' | 'defaults'> {
  /** Names that are always services, in lower case. */
  readonly named: ReadonlySet<string>;
  readonly optionsOf: ServiceOptionsOf;
  /** Undefined only where the caller brings a source of its own. */
  readonly registry: ResolvedRegistry | undefined;
  readonly start: 'fail-fast' | 'wait' | 'background';
  readonly readyMs: number;
  readonly zone: string | undefined;
}

const NAMES: OptionNames<DiscoveryOptions> = {
  registry: true,
  source: true,
  zone: true,
  start: true,
  readyMs: true,
  subscribe: true,
  services: true,
  defaults: true,
  hosts: true,
  fallbackDispatcher: true,
  dispatcherFor: true,
  snapshotFile: true,
  signal: true,
};
const REGISTRY_NAMES: OptionNames<RegistryOptions> = {
  urls: true,
  auth: true,
  tls: true,
  pollMs: true,
  push: true,
  timeoutMs: true,
};

const STARTS = ['fail-fast', 'wait', 'background'] as const;

/**
 * @param environment - `EUREKA_URL` or `HEUREKA_URL` (comma list) and `HEUREKA_ZONE` stand in for options that are not given
 * @throws {OptionsError} naming each option, what it got, and what it accepts
 */
export function discoveryOptions(
  given: DiscoveryOptions,
  environment: Readonly<Record<string, string | undefined>>,
): ResolvedDiscoveryOptions {
  const problems: OptionProblem[] = [];
  const check = (fine: boolean, option: string, got: unknown, accepts: string): void => {
    if (!fine) problems.push({ option, got, accepts });
  };
  const { registry, start = DISCOVERY_DEFAULTS.start, readyMs = DISCOVERY_DEFAULTS.readyMs } = given;
  const { services, defaults, ...rest } = given;

  checkNames(given, NAMES, '', problems);
  if (isRegistryOptions(registry)) checkNames(registry, REGISTRY_NAMES, 'registry.', problems);
  check(STARTS.includes(start), 'start', start, `one of ${STARTS.join(', ')}`);
  check(Number.isFinite(readyMs) && readyMs >= 0, 'readyMs', readyMs, 'a number of ms, 0 or more');
  if (given.zone !== undefined) check(typeof given.zone === 'string', 'zone', given.zone, 'a string');
  if (given.subscribe !== undefined) {
    const names =
      Array.isArray(given.subscribe) && given.subscribe.every((name) => typeof name === 'string' && name !== '');
    check(names, 'subscribe', given.subscribe, 'a list of application names');
  }
  if (given.snapshotFile !== undefined && given.snapshotFile !== false) {
    check(
      typeof given.snapshotFile === 'string' && given.snapshotFile !== '',
      'snapshotFile',
      given.snapshotFile,
      'a path, or false',
    );
  }
  for (const option of ['hosts', 'dispatcherFor'] as const) {
    if (given[option] !== undefined) check(typeof given[option] === 'function', option, given[option], 'a function');
  }
  if (given.source !== undefined) {
    check(typeof given.source.open === 'function', 'source', given.source, 'an object with open(handler, signal)');
    check(registry === undefined, 'registry', registry, 'absent where source is given');
  }

  const optionsOf = serviceOptions({ ...(services && { services }), ...(defaults && { defaults }) }, problems);
  const resolved = given.source === undefined ? registryOptions(registry, environment, check) : undefined;
  if (problems.length > 0) throw new OptionsError(problems);
  return {
    ...rest,
    named: new Set([...Object.keys(services ?? {}), ...(given.subscribe ?? [])].map((name) => name.toLowerCase())),
    optionsOf,
    registry: resolved,
    start,
    readyMs,
    zone: given.zone ?? (environment['HEUREKA_ZONE'] || undefined),
  };
}

type Check = (fine: boolean, option: string, got: unknown, accepts: string) => void;

function registryOptions(
  given: DiscoveryOptions['registry'],
  environment: Readonly<Record<string, string | undefined>>,
  check: Check,
): ResolvedRegistry {
  const options: RegistryOptions = isRegistryOptions(given) ? given : { urls: urlList(given, environment) };
  const pollMs = options.pollMs ?? DISCOVERY_DEFAULTS.pollMs;
  const timeoutMs = options.timeoutMs ?? DISCOVERY_DEFAULTS.timeoutMs;
  check(Number.isFinite(pollMs) && pollMs >= 100, 'registry.pollMs', pollMs, 'a number of ms, 100 or more');
  check(Number.isFinite(timeoutMs) && timeoutMs > 0, 'registry.timeoutMs', timeoutMs, 'a number of ms above 0');

  const byZone = Array.isArray(options.urls) ? { '': options.urls as readonly string[] } : options.urls;
  const urls = new Map<string, readonly string[]>();
  let count = 0;
  for (const [zone, list] of Object.entries(byZone as Readonly<Record<string, readonly string[]>>)) {
    const clean: string[] = [];
    for (const url of Array.isArray(list) ? list : [list]) {
      count++;
      check(isHttpUrl(url), zone === '' ? 'registry' : `registry.urls.${zone}`, hidden(url), 'an http or https URL');
      if (isHttpUrl(url)) clean.push(url.trim().replace(/\/+$/, ''));
    }
    urls.set(zone, clean);
  }
  check(count > 0, 'registry', options.urls, 'at least one URL');
  return { urls, auth: options.auth, tls: options.tls, pollMs, push: options.push ?? true, timeoutMs };
}

function isRegistryOptions(given: DiscoveryOptions['registry']): given is RegistryOptions {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}

function urlList(
  given: string | readonly string[] | undefined | RegistryOptions,
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  if (typeof given === 'string') return given.split(',');
  if (Array.isArray(given)) return given as readonly string[];
  const named = environment['HEUREKA_URL'] || environment['EUREKA_URL'];
  return named ? named.split(',') : [DEFAULT_REGISTRY_URL];
}

function isHttpUrl(text: unknown): text is string {
  if (typeof text !== 'string' || !URL.canParse(text.trim())) return false;
  const { protocol } = new URL(text.trim());
  return protocol === 'http:' || protocol === 'https:';
}

/** A URL in an error must not show a password. */
function hidden(url: unknown): unknown {
  return typeof url === 'string' ? url.replace(/\/\/[^@/]*@/, '//***@') : url;
}
