/**
 * Calls of one service: its balancer, connections, budgets and counters, and every call that is on its way. The entry for whoever dispatches.
 */
import type { CallInfo, DiscoveryEvents, FallbackAnswer, Instance } from '../api.ts';
import type { Balancer, Slot } from '../balancer/balancer.ts';
import type { CachedService, InstanceCache } from '../cache/instance-cache.ts';
import {
  type AttemptOutcome,
  type Attempt as AttemptRecord,
  CallError,
  type CallErrorCode,
  type CallErrorFacts,
  type OptionProblem,
  OptionsError,
} from '../errors.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import { RETRY_DEFAULTS, type ResolvedServiceOptions } from '../service-options.ts';
import type { Attempt } from './attempt.ts';
import { Call } from './call.ts';
import { CallCounters } from './call-counters.ts';
import type { CallSetting, CallTerms } from './call-setting.ts';
import type { Connections } from './connections.ts';
import { DeadlineList } from './deadline-list.ts';
import { outcomeOf, statusFails } from './failure.ts';
import { comesInPieces, ReplayBody } from './replay-body.ts';
import { RetryBudget } from './retry-budget.ts';
import { Throttle } from './throttle.ts';
import { type CallHandler, type CallOptions, requestHeader } from './wire.ts';

/** An attempt must have a connection within so many times `connectMs`, waiting for a free one included. */
const START_FACTOR = 2;
/** Lists of deadlines for calls with times of their own, beyond which empty ones are dropped. */
const MAX_LISTS = 64;

/** Who is told of attempts that ended, where its audience is there. */
export interface AttemptListener {
  readonly audience: CallSetting['audience'];
  tell(attempt: AttemptRecord & CallInfo): void;
  retried(retry: DiscoveryEvents['retry']): void;
  pickFailed(failure: DiscoveryEvents['pick-failed']): void;
}

export interface ServiceCallerParts {
  readonly service: string;
  readonly options: ResolvedServiceOptions;
  readonly balancer: Balancer;
  readonly connections: Connections;
  readonly cache: Pick<InstanceCache, 'ready' | 'refused'>;
  /** Longest wait for the first list of instances, in ms. */
  readonly readyMs: number;
  readonly ownZone: () => string | undefined;
  readonly listener: AttemptListener;
  readonly clock: Clock;
  readonly random: Random;
}

export class ServiceCaller implements CallSetting {
  readonly service: string;
  readonly balancer: Balancer;
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: CallCounters = new CallCounters();
  readonly unstarted: DeadlineList;
  readonly fallback: CallSetting['fallback'];
  readonly audience: CallSetting['audience'];
  readonly #options: ResolvedServiceOptions;
  readonly #connections: Connections;
  readonly #cache: Pick<InstanceCache, 'ready' | 'refused'>;
  readonly #ownZone: () => string | undefined;
  readonly #budget: RetryBudget;
  readonly #throttle: Throttle;
  readonly #deadlines: DeadlineList;
  readonly #ownDeadlines = new Map<number, DeadlineList>();
  readonly #readyMs: number;
  readonly #patience: DeadlineList;
  readonly #ownPatience = new Map<number, DeadlineList>();
  readonly #busy = (slot: Slot): boolean => this.balancer.busy(slot);
  readonly #methods: ReadonlySet<string>;
  /** For calls without options of their own: shared by all of them. */
  readonly #repeatable: CallTerms;
  readonly #single: CallTerms;
  readonly #listener: AttemptListener;
  #instances: CachedService;
  #closed = false;

  constructor(parts: ServiceCallerParts, instances: CachedService) {
    const { service, options, balancer, connections, cache, readyMs, ownZone, listener, clock, random } = parts;
    this.service = service;
    this.balancer = balancer;
    this.clock = clock;
    this.random = random;
    this.#options = options;
    this.#connections = connections;
    this.#cache = cache;
    this.#ownZone = ownZone;
    this.#listener = listener;
    this.audience = listener.audience;
    this.#instances = instances;
    const { retry, totalMs, connectMs, fallback } = options;
    // A call may ask for retries of its own where the service has none.
    this.#budget = new RetryBudget((retry || RETRY_DEFAULTS).budgetShare);
    this.#throttle = new Throttle(random);
    this.#deadlines = new DeadlineList(totalMs, clock);
    this.#readyMs = readyMs;
    this.#patience = new DeadlineList(Math.min(readyMs, totalMs), clock);
    this.unstarted = new DeadlineList(START_FACTOR * connectMs, clock);
    this.#methods = new Set((retry || RETRY_DEFAULTS).methods);
    const terms = {
      attempts: retry === false ? 1 : retry.attempts,
      statuses: retry === false ? [] : retry.statuses,
      maxReplayBytes: retry === false ? 0 : retry.maxReplayBytes,
      totalMs,
    };
    this.#repeatable = { ...terms, idempotent: true };
    this.#single = { ...terms, idempotent: false };
    this.fallback = fallback === undefined ? undefined : (error, call) => this.#answerOf(fallback, error, call);
    balancer.onHealth(({ slot, to, reason }) => {
      if (to === 'ejected') this.counters.ejections.set(reason, (this.counters.ejections.get(reason) ?? 0) + 1);
      if (to === 'ejected' && reason === 'connect') this.#strand(slot);
    });
    balancer.onSlot(({ slot, is }) => {
      if (is === 'freed') connections.release(slot);
    });
  }

  /** Retries that the budget would allow now. */
  get budget(): RetryBudget {
    return this.#budget;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get shedShare(): number {
    return this.#throttle.shedShare;
  }

  get instances(): CachedService {
    return this.#instances;
  }

  /** Starts a call. The caller's handler is told how to abort it before anything else, and everything that comes of it. */
  call(options: CallOptions, caller: CallHandler): void {
    const terms = this.#termsOf(options);
    if (terms instanceof OptionsError) {
      caller.onConnect(() => undefined);
      caller.onError(terms);
      return;
    }
    // Kept or not, it tells a stream that failed from an instance that did.
    const body = comesInPieces(options.body) ? new ReplayBody(options.body, terms.maxReplayBytes) : undefined;
    const call = new Call(this, terms, body === undefined ? options : { ...options, body }, body, caller);
    caller.onConnect(call.abort);
    if (call.over) return;
    const now = this.clock.monotonic();
    if (this.#closed) call.refuse(this.error('ERR_CLOSED', 'cannot be called: discovery is closed', {}));
    else if (!this.#cache.ready) call.await(this.#patienceOf(terms.totalMs), now);
    else if (this.#admits(call)) call.start(this.#deadlinesOf(terms.totalMs), now);
  }

  /** A new list of this service's instances. */
  update(instances: CachedService): void {
    this.#instances = instances;
    this.balancer.update(instances);
  }

  /** The first list of all services is there: calls that waited for it start. */
  ready(): void {
    const now = this.clock.monotonic();
    for (const call of this.#waiting()) {
      if (this.#admits(call)) call.startLate(this.#deadlinesOf(call.terms.totalMs), now);
    }
  }

  /** Once a second. */
  tick(now: number): void {
    this.#budget.tick();
    this.#throttle.tick();
    this.balancer.tick(now);
    this.#connections.tick(this.#busy);
  }

  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    for (const call of this.#waiting()) call.refuse(this.error('ERR_CLOSED', 'discovery was closed', {}));
    await this.#connections.close(graceMs);
    const own = [...this.#ownDeadlines.values(), ...this.#ownPatience.values()];
    for (const list of [this.#deadlines, this.#patience, this.unstarted, ...own]) list.close();
    this.balancer.close();
  }

  dispatch(slot: Slot, options: CallOptions, attempt: Attempt): void {
    const { instance } = attempt;
    const ownZone = this.#ownZone();
    if (ownZone !== undefined && instance.zone !== ownZone) this.counters.crossZone++;
    if (this.balancer.panic) this.counters.panicPicks++;
    this.#connections.dispatch(slot, instance, options, attempt);
  }

  refused(instance: Instance): void {
    this.#cache.refused(instance);
  }

  fails(status: number): boolean {
    const { breaker } = this.#options;
    if (breaker === false || breaker.isFailure === undefined) return statusFails(status);
    return this.#judged(breaker.isFailure, { is: 'status', status }, statusFails(status));
  }

  countsAgainst(error: Error): boolean {
    const { breaker } = this.#options;
    if (breaker === false || breaker.isFailure === undefined) return true;
    return this.#judged(breaker.isFailure, outcomeOf(error), true);
  }

  withdraw(): boolean {
    if (this.#budget.withdraw()) return true;
    this.counters.retriesRefused++;
    return false;
  }

  settled(well: boolean): void {
    if (well) {
      this.counters.succeeded++;
      this.#budget.succeeded();
    } else this.counters.failed++;
    this.#throttle.settled(well);
  }

  retried(reason: 'unsent' | 'failed', delayMs: number, options: CallOptions): void {
    this.#listener.retried({ ...this.#infoOf(options), reason, delayMs });
  }

  pickFailed(tried: number, options: CallOptions): void {
    this.#listener.pickFailed({ ...this.#infoOf(options), tried });
  }

  nobody(): CallError {
    const { instances, all } = this.#instances;
    if (instances.length === 0) {
      return this.error('ERR_NO_INSTANCE', `has no instance that is UP (${all.length} known)`, { retryable: true });
    }
    const closed = this.#options.zoneMode === 'exclusive' ? ' of its own zone (zoneMode is exclusive)' : '';
    return this.error(
      'ERR_SHED',
      `has no instance${closed} that may be tried now, of ${instances.length} that are UP`,
      {
        retryable: true,
        retryAfterMs: 1_000,
      },
    );
  }

  notReady(): CallError {
    return this.error('ERR_NOT_READY', 'cannot be called yet: no list of instances has been received', {
      retryable: true,
    });
  }

  error(code: CallErrorCode, what: string, facts: Omit<CallErrorFacts, 'service'>): CallError {
    return new CallError(code, `${this.service} ${what}`, { ...facts, service: this.service });
  }

  attempted(record: AttemptRecord, options: CallOptions): void {
    this.#listener.tell({ ...record, ...this.#infoOf(options) });
  }

  /** A judge of the user's that throws has not judged. */
  #judged(isFailure: (outcome: AttemptOutcome) => boolean, outcome: AttemptOutcome, otherwise: boolean): boolean {
    try {
      return isFailure(outcome);
    } catch {
      return otherwise;
    }
  }

  /** @returns false: the call has been refused */
  #admits(call: Call): boolean {
    if (this.#throttle.admit()) return true;
    this.counters.shed++;
    const what = 'accepts too few calls: this one was not sent';
    call.refuse(this.error('ERR_SHED', what, { retryable: true, retryAfterMs: 1_000 }));
    return false;
  }

  /** What the call says itself comes before what is said of the service. */
  #termsOf(options: CallOptions): CallTerms | OptionsError {
    const { retry: own, totalMs } = options;
    const idempotent =
      options.idempotent ??
      (own !== false && own?.methods !== undefined
        ? own.methods.includes(options.method)
        : this.#methods.has(options.method) || requestHeader(options.headers, 'idempotency-key') !== undefined);
    const usual = idempotent ? this.#repeatable : this.#single;
    if (own === undefined && totalMs === undefined) return usual;
    const problem = callProblem(own, totalMs);
    if (problem !== undefined) return new OptionsError([problem]);
    const terms = { ...usual, totalMs: totalMs ?? usual.totalMs };
    if (own === undefined) return terms;
    if (own === false) return { ...terms, attempts: 1, statuses: [] };
    const base = this.#options.retry || RETRY_DEFAULTS;
    return {
      ...terms,
      attempts: own.attempts ?? base.attempts,
      statuses: own.statuses ?? base.statuses,
      maxReplayBytes: own.maxReplayBytes ?? base.maxReplayBytes,
    };
  }

  #deadlinesOf(totalMs: number): DeadlineList {
    return totalMs === this.#deadlines.ms ? this.#deadlines : ownList(this.#ownDeadlines, totalMs, this.clock);
  }

  /** How long a call may wait for the first list of instances. */
  #patienceOf(totalMs: number): DeadlineList {
    const ms = Math.min(this.#readyMs, totalMs);
    return ms === this.#patience.ms ? this.#patience : ownList(this.#ownPatience, ms, this.clock);
  }

  #waiting(): Call[] {
    return [this.#patience, ...this.#ownPatience.values()].flatMap((list) => list.all() as Call[]);
  }

  /** Attempts that wait for a connection to an instance that cannot be reached go elsewhere at once. */
  #strand(slot: Slot): void {
    for (const attempt of this.unstarted.all() as Attempt[]) if (attempt.slot === slot) attempt.strand();
  }

  async #answerOf(
    fallback: NonNullable<ResolvedServiceOptions['fallback']>,
    error: CallError,
    options: CallOptions,
  ): Promise<FallbackAnswer | undefined> {
    try {
      return await fallback(error, this.#infoOf(options));
    } catch {
      // A fallback that fails leaves the error that called for it.
      return undefined;
    }
  }

  #infoOf({ method, path }: CallOptions): CallInfo {
    return { service: this.service, method, path };
  }
}

/** A list for calls with a time of their own; those that are empty go when there are many. */
function ownList(lists: Map<number, DeadlineList>, ms: number, clock: Clock): DeadlineList {
  let list = lists.get(ms);
  if (list !== undefined) return list;
  if (lists.size >= MAX_LISTS) {
    for (const [key, one] of lists) {
      if (!one.empty) continue;
      one.close();
      lists.delete(key);
    }
  }
  list = new DeadlineList(ms, clock);
  lists.set(ms, list);
  return list;
}

function callProblem(retry: CallOptions['retry'], totalMs: number | undefined): OptionProblem | undefined {
  if (totalMs !== undefined && !(Number.isFinite(totalMs) && totalMs > 0)) {
    return { option: 'totalMs', got: totalMs, accepts: 'a number of ms above 0' };
  }
  const attempts = retry ? retry.attempts : undefined;
  if (attempts !== undefined && !(Number.isInteger(attempts) && attempts > 0)) {
    return { option: 'retry.attempts', got: attempts, accepts: 'a whole number above 0' };
  }
  return undefined;
}
