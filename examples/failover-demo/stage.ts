/**
 * The processes of the demo: one registry and the instances of `orders` in two zones. It starts, hurts and heals them; what should happen
 * when is in `script.ts`, what a person may do in `targets.ts`.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ended, freePort, type RegistryProcess, startRegistry } from '../support/registry-process.ts';
import type { Mood } from './orders-service.ts';

export const ZONES = ['zone-a', 'zone-b'] as const;
const INSTANCES_PER_ZONE = 3;
/** A slow registry: stopped for most of each second, so that answers take as long. */
const PULSE_MS = 1_000;
const AWAKE_MS = 100;
/** Beside this file, compiled or not. */
const ORDERS_SERVICE = fileURLToPath(new URL(`./orders-service${extname(import.meta.url)}`, import.meta.url));

export interface Actor {
  /** Such as `a1`: zone and number. */
  readonly name: string;
  readonly zone: string;
  process: ChildProcess | undefined;
  mood: Mood;
}

/** `stopped`: by SIGSTOP, so that it accepts connections and answers nothing. */
export type RegistryState = 'up' | 'slow' | 'stopped' | 'killed';

export class Stage {
  readonly actors: readonly Actor[] = ZONES.flatMap((zone) =>
    Array.from({ length: INSTANCES_PER_ZONE }, (_, index) => ({
      name: `${zone.at(-1)}${index + 1}`,
      zone,
      process: undefined,
      mood: { is: 'well' } as Mood,
    })),
  );
  #registry: RegistryProcess | undefined;
  #registryState: RegistryState = 'killed';
  #pulse: NodeJS.Timeout | undefined;
  #port = 0;

  /** Where the registry listens, with the protocol's base path. */
  get registryUrl(): string {
    return `http://127.0.0.1:${this.#port}/eureka`;
  }

  get registryState(): RegistryState {
    return this.#registryState;
  }

  /** Starts the registry, then every instance; resolves when all have registered. */
  async open(): Promise<void> {
    this.#port = await freePort();
    await this.healRegistry();
    await Promise.all(this.actors.map((actor) => this.start(actor)));
  }

  /**
   * Starts it, or lets it go on. With Redis when `REDIS_URL` is set; else with the embedded store and, on purpose, no data file: killed, it
   * comes back empty.
   */
  async healRegistry(): Promise<void> {
    this.#wake();
    if (this.#registryState !== 'killed') {
      this.#registryState = 'up';
      return;
    }
    this.#registryState = 'up';
    const redis = process.env['REDIS_URL'];
    this.#registry = await startRegistry({ port: this.#port, args: redis ? ['--redis', redis] : ['--data', 'none'] });
  }

  /** kill -9: nothing is flushed, nobody is told. */
  async killRegistry(): Promise<void> {
    this.#wake();
    this.#registryState = 'killed';
    await this.#registry?.stop('SIGKILL');
    this.#registry = undefined;
  }

  slowRegistry(): void {
    if (this.#registry === undefined) return;
    this.#wake();
    this.#registryState = 'slow';
    this.#pulse = setInterval(() => {
      this.#signalRegistry('SIGCONT');
      setTimeout(() => this.#registryState === 'slow' && this.#signalRegistry('SIGSTOP'), AWAKE_MS);
    }, PULSE_MS);
    this.#signalRegistry('SIGSTOP');
  }

  stopRegistry(): void {
    if (this.#registry === undefined) return;
    this.#wake();
    this.#registryState = 'stopped';
    this.#signalRegistry('SIGSTOP');
  }

  /** Resolves when it has registered, or was killed before that. */
  async start(actor: Actor): Promise<void> {
    actor.mood = { is: 'well' };
    const child = fork(ORDERS_SERVICE, {
      env: { ...process.env, EUREKA_URL: this.registryUrl, HEUREKA_ZONE: actor.zone, ORDERS_NAME: actor.name },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    actor.process = child;
    const [said] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
    if (said === 'registered' || actor.process !== child) return;
    throw new Error(`${actor.name} ended with exit code ${said} before it was registered`);
  }

  /** kill -9. */
  async kill(actor: Actor): Promise<void> {
    const child = actor.process;
    actor.process = undefined;
    await ended(child, 'SIGKILL');
  }

  say(actor: Actor, mood: Mood): void {
    actor.mood = mood;
    actor.process?.send(mood);
  }

  /** Ends every process; a second call finds nothing to do. */
  async close(): Promise<void> {
    this.#wake();
    await Promise.all(this.actors.map((actor) => this.kill(actor)));
    await this.#registry?.stop();
    this.#registry = undefined;
    this.#registryState = 'killed';
  }

  #wake(): void {
    clearInterval(this.#pulse);
    this.#signalRegistry('SIGCONT');
  }

  #signalRegistry(signal: NodeJS.Signals): void {
    this.#registry?.process.kill(signal);
  }
}
