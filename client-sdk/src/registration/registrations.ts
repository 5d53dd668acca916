/** The registrations of one discovery: made, kept, told when a list lacks them, and ended together. What each does is its own business. */
import type { Server } from 'node:http';
import type { DiscoveryEvents, Instance, Registration, RegistrationOptions } from '../api.ts';
import { CallError } from '../errors.ts';
import type { RegistryApi } from '../registry-api/registry-api.ts';
import type { Clock } from '../runtime/clock.ts';
import { Emitter } from '../runtime/emitter.ts';
import type { Random } from '../runtime/random.ts';
import { type Inflight, InflightRequests } from './inflight-requests.ts';
import { InstanceRegistration } from './instance-registration.ts';
import { listeningOn } from './listening-port.ts';
import { prepareRegistration, type Surroundings } from './prepare-registration.ts';
import type { SignalProcess } from './signals.ts';
import type { Renewal } from './unbroken-lease.ts';

export interface RegistrationsParts {
  readonly api: RegistryApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly surroundings: () => Surroundings;
  /** Whether the registry pushes changes to callers. */
  readonly pushes: () => boolean;
  readonly process: SignalProcess | undefined;
}

export class Registrations {
  readonly #parts: RegistrationsParts;
  readonly #all: InstanceRegistration[] = [];
  #closed = false;
  #own: Instance | undefined;
  readonly #events = new Emitter<DiscoveryEvents['registration']>();
  readonly #renewals = new Emitter<{ readonly of: Instance; readonly renewal: Renewal }>();
  readonly #warnings = new Emitter<DiscoveryEvents['warning']>();
  readonly onEvent = this.#events.subscribe;
  /** A beat of one of them shows that the registry has not lost it since. */
  readonly onRenewal = this.#renewals.subscribe;
  readonly onWarning = this.#warnings.subscribe;

  constructor(parts: RegistrationsParts) {
    this.#parts = parts;
  }

  /** In the order in which they were made. */
  get all(): readonly Registration[] {
    return this.#all;
  }

  /** Application of the first that has not ended; undefined: none. Kept, as calls ask for it. */
  get app(): string | undefined {
    return this.#own?.app;
  }

  get zone(): string | undefined {
    return this.#own?.zone;
  }

  /** Resolves once the registry has it, or the first try has failed: trying goes on. @throws {OptionsError} */
  async register(given: Partial<RegistrationOptions>): Promise<Registration> {
    return this.#start(given, undefined, undefined);
  }

  /** The same for a server, once it listens. @throws {OptionsError}, and what the server's `error` event says */
  async registerServer(server: Server, given: Partial<RegistrationOptions> = {}): Promise<Registration> {
    const { port, secure, address } = await listeningOn(server);
    const own = secure ? { securePort: port } : { port };
    return this.#start({ ...own, ...given }, address, new InflightRequests(server));
  }

  /** The registry has told its list: those that it lacks ask at once whether they are still known. */
  compare(holds: (app: string, id: string) => boolean): void {
    for (const registration of this.#all) {
      const { app, id } = registration.instance;
      if (registration.state === 'registered' && !holds(app, id)) registration.missing();
    }
  }

  /** Ends all, in order; never rejects. @param withinMs - the longest that each may wait; undefined: as its own options say */
  async close(withinMs: number | undefined): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#all.map((registration) => registration.drain(withinMs)));
  }

  #changed(event: DiscoveryEvents['registration']): void {
    const left = this.#all.filter(({ state }) => state !== 'cancelled');
    this.#all.splice(0, this.#all.length, ...left);
    this.#own = left[0]?.instance;
    this.#events.emit(event);
  }

  async #start(
    given: Partial<RegistrationOptions>,
    bound: string | undefined,
    inflight: Inflight | undefined,
  ): Promise<Registration> {
    const { api, clock, random, surroundings, pushes, process } = this.#parts;
    const prepared = await prepareRegistration(given, surroundings(), bound);
    // Closed meanwhile: nobody would ever end it.
    if (this.#closed) throw new CallError('ERR_CLOSED', 'discovery is closed', { service: prepared.info.app });
    const registration = new InstanceRegistration({
      api,
      clock,
      random,
      prepared,
      pushes,
      ...(inflight === undefined ? {} : { inflight }),
      ...(process === undefined ? {} : { process }),
    });
    registration.onState((event) => this.#changed(event));
    registration.onRenewal((renewal) => this.#renewals.emit({ of: registration.instance, renewal }));
    registration.onWarning((warning) => this.#warnings.emit(warning));
    this.#all.push(registration);
    await registration.first;
    return registration;
  }
}
