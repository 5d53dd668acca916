/**
 * Every error that the SDK makes. Branch on `code`; `retryable` says whether the same call may succeed later or elsewhere.
 * Find one inside whatever was thrown (the built-in fetch wraps it in `TypeError.cause`) with `DiscoveryError.in(error)`.
 */

/** One try of a call, on one instance. */
export interface Attempt {
  readonly instance: string;
  readonly zone: string | undefined;
  readonly phase: 'never-sent' | 'sent' | 'headers' | 'body';
  readonly outcome: AttemptOutcome;
  readonly ms: number;
}

export type AttemptOutcome =
  | { readonly is: 'status'; readonly status: number }
  | { readonly is: 'error'; readonly code: string; readonly cause: unknown }
  | { readonly is: 'aborted' };

/** Shared by every copy of this package in a process (ESM beside CJS), whose classes differ. */
const BRAND = Symbol.for('heureka.discovery-error');
const MAX_CAUSES = 8;

/** Base of all that this package throws. */
export abstract class DiscoveryError extends Error {
  abstract readonly code: `ERR_${string}`;
  abstract readonly retryable: boolean;
  readonly [BRAND] = true;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }

  /** The first of ours in `error` or its chain of causes, by brand; undefined: none. */
  static in(error: unknown): DiscoveryError | undefined {
    let link = error;
    for (let depth = 0; depth < MAX_CAUSES && typeof link === 'object' && link !== null; depth++) {
      if (BRAND in link) return link as DiscoveryError;
      link = (link as { cause?: unknown }).cause;
    }
    return undefined;
  }
}

export type CallErrorCode =
  | 'ERR_NO_INSTANCE'
  | 'ERR_UNKNOWN_SERVICE'
  | 'ERR_ATTEMPTS_FAILED'
  | 'ERR_CALL_TIMEOUT'
  | 'ERR_SHED'
  | 'ERR_NOT_READY'
  | 'ERR_CLOSED';

export interface CallErrorFacts {
  readonly service: string;
  readonly attempts?: readonly Attempt[];
  readonly retryable?: boolean;
  /** The retry budget or the number of attempts was used up: do not retry at another layer. */
  readonly retriesExhausted?: boolean;
  readonly retryAfterMs?: number;
  /** The last transport error, unchanged. */
  readonly cause?: unknown;
}

/** A call of a service ended without an answer. */
export class CallError extends DiscoveryError {
  readonly retryable: boolean;
  readonly service: string;
  /** In order. */
  readonly attempts: readonly Attempt[];
  readonly retriesExhausted: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(
    readonly code: CallErrorCode,
    message: string,
    facts: CallErrorFacts,
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.service = facts.service;
    this.attempts = facts.attempts ?? [];
    this.retryable = facts.retryable ?? false;
    this.retriesExhausted = facts.retriesExhausted ?? false;
    this.retryAfterMs = facts.retryAfterMs;
  }
}

export type RegistryErrorCode =
  | 'ERR_REGISTRY_UNAVAILABLE'
  | 'ERR_REGISTRY_ANSWER'
  | 'ERR_REGISTRY_DENIED'
  | 'ERR_INSTANCE_ID_TAKEN';

/** A registry could not be asked, or answered what it must not. */
export class RegistryError extends DiscoveryError {
  readonly retryable: boolean;

  constructor(
    readonly code: RegistryErrorCode,
    message: string,
    /** Without credentials. */
    readonly url: string,
    readonly status?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.retryable = code === 'ERR_REGISTRY_UNAVAILABLE';
  }
}

export interface OptionProblem {
  readonly option: string;
  readonly got: unknown;
  /** What would have been accepted, such as `a number of ms above 0`. */
  readonly accepts: string;
}

/** Options that cannot be used: all of them at once. */
export class OptionsError extends DiscoveryError {
  readonly code = 'ERR_OPTIONS';
  readonly retryable = false;

  constructor(readonly problems: readonly OptionProblem[]) {
    super(problems.map(({ option, got, accepts }) => `${option} must be ${accepts}, got ${shown(got)}`).join('; '));
  }
}

/** All names of an options object, so that the compiler says when one is missing. */
export type OptionNames<T> = Readonly<Record<keyof T, true>>;

/**
 * Adds a problem for each name that is none: misspelt, its default would stay in force without anybody knowing. The value may be a secret, and is
 * not shown.
 *
 * @param path - what stands before the names, such as `registry.`; empty at the top
 */
export function checkNames<T>(given: object, names: OptionNames<T>, path: string, problems: OptionProblem[]): void {
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(names, name)) continue;
    problems.push({ option: `${path}${name}`, got: name, accepts: `one of ${Object.keys(names).join(', ')}` });
  }
}

function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  try {
    return JSON.stringify(value)?.slice(0, 100) ?? String(value);
  } catch {
    return typeof value;
  }
}
