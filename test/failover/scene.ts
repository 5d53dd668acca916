/**
 * A registry, ten instances of one service in two zones that use no SDK, and callers: all processes of their own. What is done to them is in
 * `events.ts`. The instances' heartbeats are sent from here, so that an instance that is dead or stopped is silent.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { NODE_ARGS, type ServerProcess, startServer } from '../helpers/server-process.ts';
import type { Call, CallerJob, CallerKind } from './caller-process.ts';
import type { Mood } from './instance-process.ts';

export const ZONES = ['a', 'b'] as const;
const PER_ZONE = 5;
const BEAT_MS = 2_000;
const LEASE_SECS = 6;
/** Packages as they are published: callers are measured without a loader between Node and the SDK. */
const BUILT = ['--import', 'tsx'];

export interface Actor {
  readonly name: string;
  readonly zone: string;
  port: number;
  process: ChildProcess | undefined;
  stopped: boolean;
}

export class Scene {
  readonly actors: readonly Actor[] = ZONES.flatMap((zone) =>
    Array.from({ length: PER_ZONE }, (_, index) => ({
      name: `${zone}${index + 1}`,
      zone,
      port: 0,
      process: undefined,
      stopped: false,
    })),
  );
  readonly #callers = new Map<CallerKind, ChildProcess>();
  #registry: ServerProcess | undefined;
  #beats: NodeJS.Timeout | undefined;
  #registryUrl = '';

  async open(kinds: readonly CallerKind[], callsPerSecond: number): Promise<void> {
    this.#registry = await startServer(['--data', 'none']);
    this.#registryUrl = this.#registry.url;
    await Promise.all(this.actors.map((actor) => this.start(actor)));
    this.#beats = setInterval(() => void this.#beat(), BEAT_MS);
    for (const kind of kinds) {
      const job: CallerJob = { kind, registryUrl: this.#registryUrl, callsPerSecond, zone: 'a' };
      const caller = fork(join(import.meta.dirname, 'caller-process.ts'), [JSON.stringify(job)], { execArgv: BUILT });
      this.#callers.set(kind, caller);
      await Promise.race([once(caller, 'message'), failing(caller, `the caller ${kind}`)]);
    }
  }

  /** Calls that ended since this was asked last. */
  async calls(kind: CallerKind): Promise<readonly Call[]> {
    const caller = this.#callers.get(kind)!;
    const answer = once(caller, 'message') as Promise<[readonly Call[]]>;
    caller.send('calls?');
    return (await answer)[0];
  }

  async start(actor: Actor): Promise<void> {
    const env = { ...process.env, INSTANCE_NAME: actor.name, INSTANCE_PORT: String(actor.port) };
    const child = fork(join(import.meta.dirname, 'instance-process.ts'), [], { env, execArgv: [...NODE_ARGS] });
    actor.process = child;
    actor.stopped = false;
    const [{ port }] = (await Promise.race([once(child, 'message'), failing(child, actor.name)])) as [{ port: number }];
    actor.port = port;
    await this.#register(actor);
  }

  async kill(actor: Actor): Promise<void> {
    const child = actor.process;
    actor.process = undefined;
    await ended(child);
  }

  pause(actor: Actor): void {
    actor.stopped = true;
    actor.process?.kill('SIGSTOP');
  }

  resume(actor: Actor): void {
    actor.stopped = false;
    actor.process?.kill('SIGCONT');
  }

  say(actor: Actor, mood: Mood): void {
    actor.process?.send(mood);
  }

  named(name: string): Actor {
    return this.actors.find((actor) => actor.name === name)!;
  }

  /** kill -9, and some seconds later it is back, empty. */
  async restartRegistry(awayMs: number): Promise<void> {
    const port = String(this.#registry!.port);
    await this.#registry!.stop('SIGKILL');
    await pause(awayMs);
    this.#registry = await startServer(['--data', 'none', '--port', port, '--host', '127.0.0.1']);
  }

  async close(): Promise<void> {
    clearInterval(this.#beats);
    for (const actor of this.actors) this.resume(actor);
    await Promise.all([...this.#callers.values(), ...this.actors.map((actor) => actor.process)].map(ended));
    await this.#registry?.stop('SIGKILL');
  }

  async #beat(): Promise<void> {
    for (const actor of this.actors) {
      if (actor.process === undefined || actor.stopped) continue;
      const path = `${this.#registryUrl}/apps/ORDERS/${actor.name}?status=UP&lastDirtyTimestamp=1`;
      const status = await fetch(path, { method: 'PUT' }).then(
        (answer) => answer.status,
        () => 0,
      );
      if (status === 404) await this.#register(actor).catch(() => undefined);
    }
  }

  async #register({ name, zone, port }: Actor): Promise<void> {
    const instance = {
      instanceId: name,
      app: 'orders',
      hostName: '127.0.0.1',
      ipAddr: '127.0.0.1',
      port: { $: port, '@enabled': 'true' },
      vipAddress: 'orders',
      status: 'UP',
      lastDirtyTimestamp: '1',
      dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
      leaseInfo: { renewalIntervalInSecs: BEAT_MS / 1_000, durationInSecs: LEASE_SECS },
      metadata: { zone },
    };
    const answer = await fetch(`${this.#registryUrl}/apps/ORDERS`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ instance }),
    });
    if (answer.status !== 204) throw new Error(`${name} was not registered: ${answer.status}`);
  }
}

async function failing(child: ChildProcess, what: string): Promise<never> {
  const [code] = await once(child, 'exit');
  throw new Error(`${what} ended with exit code ${code}`);
}

async function ended(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
