/**
 * Keeps one record in the registry as it is wished: a reconciler. Wishes may change at any time; one loop compares them with what the registry
 * is believed to hold (`next-step.ts`) and sends one request at a time until both agree. A newer wish replaces one that waits, never one that
 * is on its way. Failures are tried again for ever, with full jitter up to one heartbeat; a 404 registers again.
 *
 * It touches the registry by `RegistryApi` alone. What goes wrong is in its events; a wish rejects only when the keeper has ended, or when
 * another process holds our id.
 */
import type { DiscoveryEvents } from '../api.ts';
import { CallError, DiscoveryError, RegistryError } from '../errors.ts';
import { effectiveId, type InstanceInfo, type InstanceStatus } from '../protocol/instance-info.ts';
import type { RegistryApi } from '../registry-api/registry-api.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import { Emitter } from '../runtime/emitter.ts';
import { type Loop, startLoop } from '../runtime/loop.ts';
import type { Random } from '../runtime/random.ts';
import { BeatTimes } from './beat-times.ts';
import { HealthCheck, type HealthCheckOptions } from './health-check.ts';
import { IdentityWatch } from './identity-watch.ts';
import { judgeServed } from './judge-served.ts';
import { type Held, nextStep, registeredStatus, type Step, shownAfterRegister } from './next-step.ts';
import { gapWarning, StallWatch, type TimeGap } from './stall-watch.ts';
import { type Renewal, UnbrokenLease } from './unbroken-lease.ts';
import { Waiters } from './waiters.ts';

export interface LeaseKeeperOptions {
  readonly api: RegistryApi;
  readonly clock: Clock;
  readonly random: Random;
  /** The record; its status is the first wish. */
  readonly info: InstanceInfo;
  readonly heartbeatMs: number;
  readonly leaseMs: number;
  readonly health: HealthCheckOptions['ask'] | undefined;
}

/** `lost`: the registry does not hold us, or we cannot know; it goes on trying. */
export type LeaseState = 'registering' | 'registered' | 'lost' | 'cancelled';

export interface LeaseEvent {
  readonly state: LeaseState;
  /** As it shows in the registry. */
  readonly info: InstanceInfo;
  readonly error?: DiscoveryError;
}

/** The longest that time may pass unwatched, in ms. */
const TICK_MS = 1_000;
/** What is on its way when the end is wished has this long. */
const LAST_REQUEST_MS = 2_000;
/** The goodbye itself has this long; after it the lease runs out. */
const CANCEL_MS = 5_000;
/** A process that has nothing else to do yet lives on for the outcome of the first try, at most so long, in ms. */
const FIRST_MS = 60_000;
/** In how many beats the record is looked at, so that two processes under one id find out. */
const COMPARE_BEATS = 6;

/** Steps that are taken only while registry and wish agree. */
const AGREED: ReadonlySet<Step> = new Set<Step>(['rest', 'beat', 'compare']);

const CHANGES: ReadonlySet<Step> = new Set<Step>(['register', 'override', 'clear']);

export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #app: string;
  readonly #id: string;
  readonly #health: HealthCheck | undefined;
  readonly #stalls: StallWatch;
  readonly #loop: Loop;
  readonly #events = new Emitter<LeaseEvent>();
  readonly #renewals = new Emitter<Renewal>();
  readonly #warnings = new Emitter<DiscoveryEvents['warning']>();

  // What is wished.
  #present = true;
  #leaving = false;
  #status: InstanceStatus;
  #metadata: Readonly<Record<string, string>>;
  #revision = 0;

  // What the registry is believed to hold.
  #held: Held = { is: 'nothing' };
  #registered: InstanceInfo;
  #sent = false;
  #overridden = false;
  #version = 0;

  readonly #identity = new IdentityWatch((warning) => this.#warnings.emit(warning));
  readonly #times: BeatTimes;
  readonly #lease = new UnbrokenLease();
  /** Monotonic ms. */
  #healthAt = Number.POSITIVE_INFINITY;
  #beats = 0;
  #compareDue = false;

  #state: LeaseState = 'registering';
  #request: AbortController | undefined;
  /** A wish came while a request was on its way: what becomes of that one delays it no further. */
  #eager = false;
  readonly #waiters = new Waiters();
  readonly #first: Timer;
  #ending: Promise<void> | undefined;
  #ended: (() => void) | undefined;

  /** Each change of state or of what the registry shows, and the first failure of several. */
  readonly onEvent = this.#events.subscribe;
  /** Each beat that shows that the registry has not lost us since. */
  readonly onRenewal = this.#renewals.subscribe;
  readonly onWarning = this.#warnings.subscribe;

  constructor(options: LeaseKeeperOptions) {
    const { clock, random, info, health, heartbeatMs, leaseMs } = options;
    this.#options = options;
    this.#app = info.app;
    this.#id = effectiveId(info);
    this.#status = info.status;
    this.#metadata = info.metadata;
    this.#registered = info;
    this.#stalls = new StallWatch(clock);
    this.#times = new BeatTimes(clock, random, heartbeatMs);
    if (health !== undefined) {
      this.#healthAt = 0;
      this.#health = new HealthCheck({ clock, ask: health, silentMs: leaseMs, changed: () => this.#healthChanged() });
    }
    this.#first = clock.after(FIRST_MS, () => undefined, { keepAlive: true });
    this.#loop = startLoop({ clock, turn: () => this.#turn(), failed: () => TICK_MS });
  }

  get state(): LeaseState {
    return this.#state;
  }

  /** The record as the registry shows it, as far as we know. */
  get info(): InstanceInfo {
    const shown = this.#held.is === 'record' ? this.#held.shown : 'UNKNOWN';
    const status = shown === 'UNKNOWN' ? this.#wanted : shown;
    // The same object as long as nothing differs: what is made of it is kept, and each report of the registry asks.
    return status === this.#registered.status ? this.#registered : { ...this.#registered, status };
  }

  get metadata(): Readonly<Record<string, string>> {
    return this.#metadata;
  }

  /** Changes what is wished; resolves once the registry acknowledged it, or what was wished after it. */
  wish(change: {
    readonly status?: InstanceStatus;
    readonly metadata?: Readonly<Record<string, string>>;
  }): Promise<void> {
    if (!this.#present) return Promise.reject(this.#closed());
    if (this.#identity.taken !== undefined) return Promise.reject(this.#identity.taken);
    if (change.status !== undefined) this.#status = change.status;
    if (change.metadata !== undefined) {
      this.#metadata = change.metadata;
      this.#revision++;
    }
    return this.#hurried();
  }

  /** DOWN from now on, whatever was wished or is found healthy; resolves once the registry acknowledged it. */
  leave(): Promise<void> {
    this.#leaving = true;
    return this.wish({});
  }

  /** A list of the registry lacks us, so it is there to be asked: a beat, or what waits for a retry, comes at once. */
  missing(): void {
    if (!this.#present) return;
    this.#times.sooner();
    this.#loop.hurry();
  }

  /**
   * Takes the record out of the registry; nothing is sent afterwards. Never rejects: without an answer the lease runs out.
   *
   * @param silently - send nothing, and leave the record to its lease
   */
  end(silently = false): Promise<void> {
    if (silently) this.#sent = false;
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    this.#present = false;
    const last = this.#request;
    const abort = (): void => last?.abort(new Error('the registration ends'));
    const timer = this.#options.clock.after(LAST_REQUEST_MS, abort, { keepAlive: true });
    this.#loop.hurry();
    await new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
    timer.cancel();
    await this.#loop.stop();
  }

  get #wanted(): InstanceStatus {
    if (this.#leaving) return 'DOWN';
    if (this.#status !== 'UP' || this.#health === undefined) return this.#status;
    return this.#health.verdict ?? 'STARTING';
  }

  async #turn(): Promise<number> {
    const { clock, heartbeatMs } = this.#options;
    const gap = this.#stalls.woke();
    if (gap !== undefined) this.#passed(gap);
    if (this.#health !== undefined && this.#present && clock.monotonic() >= this.#healthAt) {
      this.#healthAt = clock.monotonic() + heartbeatMs;
      await this.#health.run();
    }
    const idleMs = await this.#reconcile();
    this.#stalls.pausing(idleMs);
    return idleMs;
  }

  /** Sends what is due, one after the other. @returns how long nothing will be, in ms */
  async #reconcile(): Promise<number> {
    for (;;) {
      const step = this.#nextStep();
      if (step === 'done') {
        this.#cancelled();
        return TICK_MS;
      }
      if (this.#identity.taken === undefined && AGREED.has(step)) this.#waiters.acknowledge();
      if (step === 'rest') {
        const idleMs = Math.min(this.#times.beatLeftMs, this.#healthAt - this.#options.clock.monotonic());
        return Math.min(TICK_MS, Math.max(0, idleMs));
      }
      const { retryLeftMs } = this.#times;
      if (step !== 'cancel' && retryLeftMs > 0) return Math.min(TICK_MS, retryLeftMs);
      await this.#take(step);
    }
  }

  #nextStep(): Step {
    return nextStep({
      wish: { present: this.#present, status: this.#wanted, revision: this.#revision },
      held: this.#held,
      sent: this.#sent,
      overridden: this.#overridden,
      taken: this.#identity.taken !== undefined,
      beatDue: this.#times.beatDue,
      compareDue: this.#compareDue,
    });
  }

  async #take(step: Exclude<Step, 'rest' | 'done'>): Promise<void> {
    const request = new AbortController();
    this.#request = request;
    this.#eager = false;
    this.#times.began();
    try {
      await this.#send(step, request);
      this.#times.succeeded();
    } catch (error) {
      this.#failed(step, error);
    } finally {
      this.#request = undefined;
    }
  }

  #send(step: Exclude<Step, 'rest' | 'done'>, request: AbortController): Promise<void> {
    switch (step) {
      case 'register':
        return this.#register(request.signal);
      case 'override':
        return this.#override(request.signal);
      case 'clear':
        return this.#clear(request.signal);
      case 'compare':
        return this.#compare(request.signal);
      case 'beat':
        return this.#beat(request.signal);
      case 'cancel':
        return this.#cancel(request);
    }
  }

  async #register(signal: AbortSignal): Promise<void> {
    const { api, clock } = this.#options;
    const revision = this.#revision;
    const status = registeredStatus(this.#wanted);
    // Never backwards, whatever the clock does: the registry keeps the newer.
    this.#version = Math.max(this.#version + 1, clock.now());
    const info = { ...this.#registered, status, metadata: this.#metadata, lastDirtyTimestamp: this.#version };
    this.#sent = true;
    await api.register(info, signal);
    this.#registered = info;
    this.#held = { is: 'record', revision, shown: shownAfterRegister(status, this.#overridden) };
    this.#compareDue = true;
    this.#lease.registered(api.server, clock.monotonic());
    this.#times.renewed();
    this.#tell('registered');
  }

  async #override(signal: AbortSignal): Promise<void> {
    // Before the answer: it may be stored although we never hear of it.
    this.#overridden = true;
    const answer = await this.#options.api.override(this.#app, this.#id, 'OUT_OF_SERVICE', signal);
    if (answer === 'unknown') this.#forgotten();
    else this.#shows('OUT_OF_SERVICE');
  }

  async #clear(signal: AbortSignal): Promise<void> {
    const answer = await this.#options.api.override(this.#app, this.#id, undefined, signal);
    this.#overridden = false;
    if (answer === 'unknown') this.#forgotten();
    // What the record says without it is not known for sure: a registration settles that.
    else if (this.#held.is === 'record') this.#held = { ...this.#held, shown: 'UNKNOWN' };
  }

  async #beat(signal: AbortSignal): Promise<void> {
    const { api, clock } = this.#options;
    const askedAt = clock.monotonic();
    const shown = this.#held.is === 'record' ? this.#held.shown : this.#wanted;
    const answer = await api.renew(this.#app, this.#id, shown, this.#version, signal);
    if (answer === 'unknown') {
      this.#forgotten();
      return;
    }
    this.#times.renewed();
    this.#beats++;
    if (this.#beats % COMPARE_BEATS === 0) this.#compareDue = true;
    if (this.#state !== 'registered' || this.#times.failing) this.#tell('registered');
    const renewal = this.#lease.renewed(api.server, askedAt, clock.monotonic());
    if (renewal !== undefined) this.#renewals.emit(renewal);
  }

  async #compare(signal: AbortSignal): Promise<void> {
    const { api } = this.#options;
    this.#compareDue = false;
    if (this.#identity.taken !== undefined) this.#times.next();
    const served = await api.instance(this.#app, this.#id, signal);
    const later = (served?.lastDirtyTimestamp ?? 0) > this.#version;
    if (later) this.#version = served!.lastDirtyTimestamp!;
    // Who leaves does not dispute the id with a successor, nor takes it out.
    if (this.#leaving && served !== undefined && judgeServed(this.#registered, served) === 'foreign') {
      this.#sent = false;
      return;
    }
    const ours = this.#registered;
    const finding = this.#identity.look({ ours, served, overridden: this.#overridden, server: api.server });
    if (finding === 'dispute' || finding === 'freed') this.#held = { is: 'nothing' };
    const { taken } = this.#identity;
    if (finding !== 'taken' || taken === undefined) return;
    this.#times.next();
    this.#waiters.refuse(taken);
    this.#tell('lost', taken);
  }

  async #cancel(request: AbortController): Promise<void> {
    const { api, clock } = this.#options;
    const abort = (): void => request.abort(new Error(`no answer within ${CANCEL_MS} ms`));
    const timer = clock.after(CANCEL_MS, abort, { keepAlive: true });
    try {
      await api.cancel(this.#app, this.#id, request.signal);
    } finally {
      timer.cancel();
      this.#sent = false;
    }
  }

  /** A change may have been made although its answer never came: whatever is wished next must be said. */
  #uncertain(): void {
    if (this.#held.is === 'record') this.#held = { is: 'record', revision: -1, shown: 'UNKNOWN' };
  }

  #forgotten(): void {
    this.#held = { is: 'nothing' };
    this.#lease.lost();
    this.#tell('lost');
  }

  #shows(shown: InstanceStatus): void {
    if (this.#held.is !== 'record') return;
    this.#held = { ...this.#held, shown };
    this.#tell('registered');
  }

  #failed(step: Step, error: unknown): void {
    const { api, leaseMs } = this.#options;
    const known = DiscoveryError.in(error);
    const shown =
      known ?? new RegistryError('ERR_REGISTRY_UNAVAILABLE', `${step} failed`, api.server, undefined, { cause: error });
    if (step === 'cancel') {
      const stays = 'could not be taken out of the registry and stays until its lease ends';
      this.#warn('CANCEL_FAILED', `${this.#id} ${stays}: ${shown.message}`);
      return;
    }
    if (CHANGES.has(step)) this.#uncertain();
    if (!this.#present) return;
    const failures = this.#times.failed();
    if (this.#eager) this.#times.retryNow();
    if (this.#state === 'registered' && this.#times.unrenewedMs > leaseMs) this.#tell('lost', shown);
    else if (failures === 1) this.#tell(this.#state, shown);
  }

  /** Time passed us by. */
  #passed(gap: TimeGap): void {
    const { leaseMs } = this.#options;
    if (gap.is !== 'clock-set-back') this.#times.atOnce();
    if (gap.is === 'clock-set-back' || gap.ms > leaseMs) this.#warnings.emit(gapWarning(gap, leaseMs));
  }

  #healthChanged(): void {
    const problem = this.#health?.problem;
    if (problem !== undefined)
      this.#warn('HEALTH_CHECK_FAILED', `the health function of ${this.#id} ${problem}: registered as DOWN`);
    this.#times.retryNow();
    this.#loop.hurry();
  }

  #hurried(): Promise<void> {
    this.#eager = true;
    this.#times.retryNow();
    this.#loop.hurry();
    return this.#waiters.wait();
  }

  #cancelled(): void {
    if (this.#state === 'cancelled') return;
    this.#ended?.();
    this.#held = { is: 'nothing' };
    this.#waiters.refuse(this.#closed());
    this.#tell('cancelled');
  }

  #closed(): CallError {
    return new CallError('ERR_CLOSED', `the registration of ${this.#id} has ended`, {
      service: this.#app.toLowerCase(),
    });
  }

  #tell(state: LeaseState, error?: DiscoveryError): void {
    this.#state = state;
    this.#first.cancel();
    this.#events.emit(error === undefined ? { state, info: this.info } : { state, info: this.info, error });
  }

  #warn(code: string, message: string): void {
    this.#warnings.emit({ code, message });
  }
}
