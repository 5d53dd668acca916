/**
 * A registration as its owner holds it: status and metadata by wish, a graceful end by `drain` or a signal. Who talks to the registry, and when,
 * is the `LeaseKeeper`'s business; this adds the order of leaving: DOWN told, time for callers to hear of it while we still serve, requests on
 * their way finished, record gone.
 */
import type { DiscoveryEvents, Instance, Registration } from '../api.ts';
import { type DiscoveryError, type OptionProblem, OptionsError } from '../errors.ts';
import { type InstanceInfo, type InstanceStatus, isInstanceStatus } from '../protocol/instance-info.ts';
import { InstanceConverter } from '../registry-api/instance-of.ts';
import type { RegistryApi } from '../registry-api/registry-api.ts';
import { type Clock, sleep } from '../runtime/clock.ts';
import { Emitter } from '../runtime/emitter.ts';
import type { Random } from '../runtime/random.ts';
import type { Inflight } from './inflight-requests.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import type { PreparedRegistration } from './prepare-registration.ts';
import { metadataOf, REGISTRATION_DEFAULTS } from './registration-options.ts';
import { SignalDrain, type SignalProcess } from './signals.ts';

export interface InstanceRegistrationOptions {
  readonly api: RegistryApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly prepared: PreparedRegistration;
  /** Whether the registry pushes changes to callers; default: it does not. */
  readonly pushes?: () => boolean;
  /** Requests that a drain waits for; default: none are known. */
  readonly inflight?: Inflight;
  /** Where the signals of `prepared` come from; undefined: none are listened to. */
  readonly process?: SignalProcess;
}

/** A registry that does not take DOWN within this time, in ms, is not waited for: callers will not hear of it either. */
const DOWN_MS = 2_000;
/** Node waits for these timers: a drain must not be cut short because nothing else is left to do. */
const KEEP_ALIVE = { keepAlive: true } as const;

export class InstanceRegistration implements Registration {
  readonly #clock: Clock;
  readonly #prepared: PreparedRegistration;
  readonly #pushes: () => boolean;
  readonly #inflight: Inflight | undefined;
  readonly #keeper: LeaseKeeper;
  readonly #converter = new InstanceConverter();
  /** Made once for each record that is announced. */
  #shown: { readonly info: InstanceInfo; readonly instance: Instance };
  readonly #signals: SignalDrain | undefined;
  readonly #events = new Emitter<DiscoveryEvents['registration']>();
  readonly #warnings = new Emitter<DiscoveryEvents['warning']>();
  /** Ends the waits of a drain. */
  readonly #hastened = new AbortController();
  #draining: Promise<void> | undefined;

  /** Each change of state or of what the registry shows of us; with an error when something fails for the first time. */
  readonly onState = this.#events.subscribe;
  /** Each beat that shows that the registry has not lost us since. */
  readonly onRenewal: LeaseKeeper['onRenewal'];
  /** What its owner may want to know; first of all, once, which address was chosen and why. */
  readonly onWarning = this.#warnings.subscribe;
  /** Settles with the outcome of the first try: undefined once registered, else what went wrong. Never rejects, and trying goes on. */
  readonly first: Promise<DiscoveryError | undefined>;

  /**
   * Begins at once: the first request is on its way in the next turn of the event loop.
   *
   * @throws {OptionsError} for an address that nobody could connect to
   */
  constructor({ api, clock, random, prepared, pushes, inflight, process }: InstanceRegistrationOptions) {
    this.#clock = clock;
    this.#prepared = prepared;
    this.#pushes = pushes ?? (() => false);
    this.#inflight = inflight;
    const { info, heartbeatMs, leaseMs, health } = prepared;
    const instance = this.#converter.instanceOf(info);
    if (instance === undefined) {
      throw new OptionsError([{ option: 'address', got: info.ipAddr, accepts: 'an IP address or a host name' }]);
    }
    const keeper = new LeaseKeeper({ api, clock, random, info, heartbeatMs, leaseMs, health });
    this.#keeper = keeper;
    this.onRenewal = keeper.onRenewal;
    this.#shown = { info: keeper.info, instance };
    keeper.onWarning((warning) => this.#warnings.emit(warning));
    keeper.onEvent(({ error }) => this.#tell(error));
    this.first = new Promise((resolve) => {
      const stop = keeper.onEvent(({ error }) => {
        stop();
        resolve(error);
      });
    });
    if (prepared.address === undefined) {
      // Whoever made us has yet to listen.
      queueMicrotask(() => this.#warnings.emit({ code: 'ADDRESS_CHOSEN', message: prepared.addressReason }));
    }
    if (process !== undefined && prepared.signals.length > 0) {
      this.#signals = new SignalDrain(process, prepared.signals, () => this.drain());
    }
  }

  get instance(): Instance {
    const { info } = this.#keeper;
    if (info !== this.#shown.info)
      this.#shown = { info, instance: this.#converter.instanceOf(info) ?? this.#shown.instance };
    return this.#shown.instance;
  }

  get state(): Registration['state'] {
    const { state } = this.#keeper;
    return this.#draining !== undefined && state !== 'cancelled' ? 'draining' : state;
  }

  /** @throws {OptionsError} for what is no status, and for UNKNOWN, whose heartbeats a registry refuses */
  async setStatus(status: InstanceStatus): Promise<void> {
    if (!isInstanceStatus(status) || status === 'UNKNOWN') {
      throw new OptionsError([{ option: 'status', got: status, accepts: 'UP, DOWN, STARTING or OUT_OF_SERVICE' }]);
    }
    await this.#keeper.wish({ status });
  }

  /** Sets entries; undefined removes one. @throws {OptionsError} */
  async setMetadata(patch: Readonly<Record<string, string | undefined>>): Promise<void> {
    const merged = new Map(Object.entries(this.#keeper.metadata));
    for (const [key, value] of Object.entries(patch)) {
      if (value === undefined) merged.delete(key);
      else merged.set(key, value);
    }
    const problems: OptionProblem[] = [];
    const metadata = metadataOf(Object.fromEntries(merged), (fine, option, got, accepts) => {
      if (!fine) problems.push({ option, got, accepts });
    });
    if (problems.length > 0) throw new OptionsError(problems);
    await this.#keeper.wish({ metadata });
  }

  /**
   * Leaves in order: DOWN, time for callers to hear of it, requests on their way, then `cancel`. Never rejects; a second call joins the first.
   *
   * @param withinMs - the longest that the two waits may take together
   */
  drain(withinMs = Number.POSITIVE_INFINITY): Promise<void> {
    this.#draining ??= this.#drain(withinMs);
    return this.#draining;
  }

  /** Takes the record out of the registry at once; a drain that is under way stops waiting. Never rejects. */
  async cancel(): Promise<void> {
    this.#hastened.abort();
    await this.#keeper.end();
    this.#dispose();
  }

  /** Ends without a word to the registry: the record stays until its lease runs out. */
  async stop(): Promise<void> {
    this.#hastened.abort();
    await this.#keeper.end(true);
    this.#dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }

  /** A list of the registry lacks us: heard, we ask at once whether it still knows us. */
  missing(): void {
    this.#keeper.missing();
  }

  async #drain(withinMs: number): Promise<void> {
    if (this.#keeper.state === 'cancelled') return;
    const until = this.#clock.monotonic() + withinMs;
    const told = this.#keeper.leave().then(
      () => true,
      () => false,
    );
    // After the turn in which `#draining` is set.
    await Promise.resolve();
    this.#tell();
    const heard = await Promise.race([told, this.#pause(Math.min(DOWN_MS, withinMs)).then(() => false)]);
    if (heard) await this.#pause(Math.min(this.#propagationMs, until - this.#clock.monotonic()));
    const { inflightMs } = this.#prepared;
    this.#inflight?.closing();
    if (this.#inflight !== undefined) {
      await Promise.race([this.#inflight.idle(), this.#pause(Math.min(inflightMs, until - this.#clock.monotonic()))]);
    }
    await this.cancel();
  }

  #dispose(): void {
    this.#signals?.dispose();
    this.#inflight?.dispose();
  }

  get #propagationMs(): number {
    const { pushedPropagationMs, polledPropagationMs } = REGISTRATION_DEFAULTS;
    return this.#prepared.propagationMs ?? (this.#pushes() ? pushedPropagationMs : polledPropagationMs);
  }

  async #pause(ms: number): Promise<void> {
    if (ms > 0) await sleep(this.#clock, ms, this.#hastened.signal, KEEP_ALIVE);
  }

  #tell(error?: DiscoveryError): void {
    const { instance, state } = this;
    this.#events.emit(error === undefined ? { instance, state } : { instance, state, error });
  }
}
