/**
 * The processes of the demo: one registry and the instances of `orders` in two zones. It starts, hurts and heals them; what should happen
 * when is in `script.ts`.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Mood } from './orders-service.ts';

export const ZONES = ['zone-a', 'zone-b'] as const;
export const INSTANCES_PER_ZONE = 3;
const START_TIMEOUT_MS = 15_000;
/** Beside this file, compiled or not. */
const ORDERS_SERVICE = fileURLToPath(new URL(`./orders-service${extname(import.meta.url)}`, import.meta.url));

export interface Actor {
  /** Such as `a1`: zone and number. */
  readonly name: string;
  readonly zone: string;
  process: ChildProcess | undefined;
  mood: Mood;
}

export class Stage {
  readonly actors: readonly Actor[] = ZONES.flatMap((zone) =>
    Array.from({ length: INSTANCES_PER_ZONE }, (_, index) => ({
      name: `${zone.at(-1)}${index + 1}`,
      zone,
      process: undefined,
      mood: { is: 'well' } as Mood,
    })),
  );
  #registry: ChildProcess | undefined;
  #port = 0;

  /** Where the registry listens, with the protocol's base path. */
  get registryUrl(): string {
    return `http://127.0.0.1:${this.#port}/eureka`;
  }

  /** Starts the registry, then every instance; resolves when all have registered. */
  async open(): Promise<void> {
    this.#port = await freePort();
    await this.startRegistry();
    await Promise.all(this.actors.map((actor) => this.start(actor)));
  }

  /** With Redis when `REDIS_URL` is set; else with the embedded store and, on purpose, no data file: killed, it comes back empty. */
  async startRegistry(): Promise<void> {
    const store = process.env['REDIS_URL'] ? [] : ['--data', 'none'];
    const registry = spawn(
      process.execPath,
      [serverProgram(), '--port', String(this.#port), '--host', '127.0.0.1', ...store],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    this.#registry = registry;
    const failed = once(registry, 'exit').then(([code]) => {
      throw new Error(`the registry ended with exit code ${code} before it was ready`);
    });
    await Promise.race([failed, this.#answers(`http://127.0.0.1:${this.#port}/health/ready`)]);
    failed.catch(() => undefined);
  }

  /** kill -9: nothing is flushed, nobody is told. */
  async killRegistry(): Promise<void> {
    await kill(this.#registry, 'SIGKILL');
    this.#registry = undefined;
  }

  get registryAlive(): boolean {
    return this.#registry !== undefined;
  }

  async start(actor: Actor): Promise<void> {
    actor.mood = { is: 'well' };
    const child = fork(ORDERS_SERVICE, {
      env: { ...process.env, EUREKA_URL: this.registryUrl, HEUREKA_ZONE: actor.zone, ORDERS_NAME: actor.name },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    actor.process = child;
    const [said] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
    if (said !== 'registered') throw new Error(`${actor.name} ended with exit code ${said} before it was registered`);
  }

  /** kill -9. */
  async kill(actor: Actor): Promise<void> {
    const child = actor.process;
    actor.process = undefined;
    await kill(child, 'SIGKILL');
  }

  say(actor: Actor, mood: Mood): void {
    actor.mood = mood;
    actor.process?.send(mood);
  }

  /** Ends every process: instances in order (they cancel their leases), then the registry. */
  async close(): Promise<void> {
    await Promise.all(
      this.actors.map((actor) => {
        const child = actor.process;
        actor.process = undefined;
        return kill(child, 'SIGKILL');
      }),
    );
    await kill(this.#registry, 'SIGTERM');
    this.#registry = undefined;
  }

  async #answers(url: string): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      const ready = await fetch(url).then(
        (answer) => answer.ok,
        () => false,
      );
      if (ready) return;
      if (Date.now() > deadline) throw new Error(`the registry did not answer at ${url} within ${START_TIMEOUT_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** The server as its package names it, so that the demo runs what a user would install. */
function serverProgram(): string {
  const manifest = fileURLToPath(import.meta.resolve('heureka-server/package.json'));
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: Record<string, string> };
  return join(dirname(manifest), bin['heureka-server'] ?? '');
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}

async function kill(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}
