/**
 * How one service is called: one table of defaults, each with its reason, and one function that checks what users give over it.
 * Sources of the numbers: Envoy, Finagle, gRPC and Google's SRE books, where a comment says so.
 */
import type { BreakerOptions, DiscoveryOptions, RetryOptions, ServiceOptions } from './api.ts';
import { checkNames, type OptionNames, type OptionProblem } from './errors.ts';

export const RETRY_DEFAULTS: RetryOptions = {
  /** Attempts that were sent, in total; Google SRE and the AWS SDKs. */
  attempts: 3,
  /** 500 is left out: nobody knows whether the work was done. */
  statuses: [502, 503, 504],
  /** Those that HTTP calls idempotent. */
  methods: ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY', 'PUT', 'DELETE'],
  /** Finagle: a retry for each five successes. */
  budgetShare: 0.2,
  /** What the fetch standard foresees to keep for sending again. */
  maxReplayBytes: 65_536,
};

export const BREAKER_DEFAULTS: Omit<BreakerOptions, 'isFailure'> = {
  /** In 10 s; one Node client sees little traffic. */
  minCalls: 10,
  failureShare: 0.5,
  /** Envoy's and Finagle's. */
  consecutive: 5,
  /** Small fleets recover fast. */
  baseEjectMs: 10_000,
  maxEjectMs: 300_000,
};

export const SERVICE_DEFAULTS: Omit<ServiceOptions, 'retry' | 'breaker' | 'fallback'> = {
  policy: 'peak-ewma',
  zoneMode: 'balanced',
  /** undici's 10 s would be most of a user's patience. */
  connectMs: 1_000,
  headersMs: 5_000,
  /** Between two chunks of a response; streams live as long as they move. */
  bodyIdleMs: 30_000,
  totalMs: 10_000,
  protocol: 'registered',
  connections: 32,
};

export const POLICY_NAMES = [
  'peak-ewma',
  'least-request',
  'round-robin',
  'random',
  'weighted',
  'affinity',
  'availability-filtering',
  'best-available',
  'weighted-response-time',
  'zone-avoidance',
] as const;

const NAMES: OptionNames<ServiceOptions> = {
  policy: true,
  zoneMode: true,
  connectMs: true,
  headersMs: true,
  bodyIdleMs: true,
  totalMs: true,
  retry: true,
  breaker: true,
  protocol: true,
  connections: true,
  fallback: true,
};
const RETRY_NAMES: OptionNames<RetryOptions> = {
  attempts: true,
  statuses: true,
  methods: true,
  budgetShare: true,
  maxReplayBytes: true,
};
const BREAKER_NAMES: OptionNames<BreakerOptions> = {
  minCalls: true,
  failureShare: true,
  consecutive: true,
  baseEjectMs: true,
  maxEjectMs: true,
  isFailure: true,
};

const ZONE_MODES = ['balanced', 'prefer', 'exclusive', 'bias', 'off'] as const;
const PROTOCOLS = ['registered', 'http', 'https'] as const;

export interface ResolvedServiceOptions extends Omit<ServiceOptions, 'retry' | 'breaker'> {
  readonly retry: RetryOptions | false;
  readonly breaker: (Omit<BreakerOptions, 'isFailure'> & Partial<Pick<BreakerOptions, 'isFailure'>>) | false;
}

/** Options of a service, by its name in lower case. The same object for each service that has none of its own. */
export type ServiceOptionsOf = (service: string) => ResolvedServiceOptions;

/** @param problems - what is wrong is added here; the caller throws all at once */
export function serviceOptions(
  { defaults = {}, services = {} }: Pick<DiscoveryOptions, 'defaults' | 'services'>,
  problems: OptionProblem[],
): ServiceOptionsOf {
  const common = merged(undefined, defaults, 'defaults', problems);
  const named = new Map<string, ResolvedServiceOptions>();
  for (const [name, options] of Object.entries(services)) {
    named.set(name.toLowerCase(), merged(common, options, `services.${name}`, problems));
  }
  return (service) => named.get(service) ?? common;
}

function merged(
  base: ResolvedServiceOptions | undefined,
  given: Partial<ServiceOptions>,
  path: string,
  problems: OptionProblem[],
): ResolvedServiceOptions {
  const { retry, breaker, ...plain } = given;
  checkNames(given, NAMES, `${path}.`, problems);
  checkNames(retry || {}, RETRY_NAMES, `${path}.retry.`, problems);
  checkNames(breaker || {}, BREAKER_NAMES, `${path}.breaker.`, problems);
  const under = base ?? { ...SERVICE_DEFAULTS, retry: RETRY_DEFAULTS, breaker: BREAKER_DEFAULTS };
  const options: ResolvedServiceOptions = {
    ...under,
    ...present(plain),
    retry: retry === false ? false : { ...(under.retry || RETRY_DEFAULTS), ...present(retry ?? {}) },
    breaker: breaker === false ? false : { ...(under.breaker || BREAKER_DEFAULTS), ...present(breaker ?? {}) },
  };
  if (retry === undefined && under.retry === false) Object.assign(options, { retry: false });
  if (breaker === undefined && under.breaker === false) Object.assign(options, { breaker: false });
  check(options, path, problems);
  return options;
}

/** An option that is given as undefined is not given. */
function present<T extends object>(given: T): Partial<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function check(options: ResolvedServiceOptions, path: string, problems: OptionProblem[]): void {
  const must = (fine: boolean, option: string, got: unknown, accepts: string): void => {
    if (!fine) problems.push({ option: `${path}.${option}`, got, accepts });
  };
  const positive = (got: number, option: string): void =>
    must(Number.isFinite(got) && got > 0, option, got, 'a number of ms above 0');
  const share = (got: number, option: string): void => must(got >= 0 && got <= 1, option, got, 'a share from 0 to 1');

  const { policy, retry, breaker } = options;
  const ownPolicy = typeof policy === 'object' && typeof policy.pick === 'function';
  const known = ownPolicy || (POLICY_NAMES as readonly unknown[]).includes(policy);
  must(known, 'policy', policy, `one of ${POLICY_NAMES.join(', ')}, or an object with update and pick`);
  must(ZONE_MODES.includes(options.zoneMode), 'zoneMode', options.zoneMode, `one of ${ZONE_MODES.join(', ')}`);
  must(PROTOCOLS.includes(options.protocol), 'protocol', options.protocol, `one of ${PROTOCOLS.join(', ')}`);
  for (const option of ['connectMs', 'headersMs', 'bodyIdleMs', 'totalMs'] as const) positive(options[option], option);
  const { connections, fallback } = options;
  must(Number.isInteger(connections) && connections > 0, 'connections', connections, 'a whole number above 0');
  must(fallback === undefined || typeof fallback === 'function', 'fallback', fallback, 'a function');
  if (retry !== false) {
    must(
      Number.isInteger(retry.attempts) && retry.attempts > 0,
      'retry.attempts',
      retry.attempts,
      'a whole number above 0',
    );
    must(Array.isArray(retry.statuses), 'retry.statuses', retry.statuses, 'a list of HTTP statuses');
    must(Array.isArray(retry.methods), 'retry.methods', retry.methods, 'a list of HTTP methods');
    must(retry.maxReplayBytes >= 0, 'retry.maxReplayBytes', retry.maxReplayBytes, 'a number of bytes, 0 or more');
    share(retry.budgetShare, 'retry.budgetShare');
  }
  if (breaker !== false) {
    share(breaker.failureShare, 'breaker.failureShare');
    must(breaker.minCalls >= 1, 'breaker.minCalls', breaker.minCalls, 'a number above 0');
    must(breaker.consecutive >= 1, 'breaker.consecutive', breaker.consecutive, 'a number above 0');
    positive(breaker.baseEjectMs, 'breaker.baseEjectMs');
    positive(breaker.maxEjectMs, 'breaker.maxEjectMs');
  }
}
