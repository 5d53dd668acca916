/**
 * A registry as a process of its own, on the loopback: what `npx heureka-server` runs, started by an example that also wants to kill it.
 * When it does not become ready, starting it fails with what to look at.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const READY_WITHIN_MS = 20_000;

export interface RegistryProcess {
  /** With the protocol's base path: what clients are told. */
  readonly url: string;
  readonly port: number;
  readonly process: ChildProcess;
  /** Ends it, and resolves when it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface RegistryProcessOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Behind `--port` and `--host`; the default keeps nothing on disk. */
  readonly args?: readonly string[];
}

/** Starts a registry and waits until it serves. @throws when it ends before, or is not ready in time */
export async function startRegistry({
  port,
  args = ['--data', 'none'],
}: RegistryProcessOptions = {}): Promise<RegistryProcess> {
  const chosen = port ?? (await freePort());
  const listen = ['--port', String(chosen), '--host', '127.0.0.1', '--log-level', 'warn'];
  const { REDIS_URL: _, ...environment } = process.env;
  // What this process was started with comes first: from sources that is how TypeScript is run, from a build it is nothing.
  const child = spawn(process.execPath, [...process.execArgv, serverProgram(), ...listen, ...args], {
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const origin = `http://127.0.0.1:${chosen}`;
  await ready(child, `${origin}/health/ready`);
  return {
    url: `${origin}/eureka`,
    port: chosen,
    process: child,
    stop: (signal = 'SIGTERM') => ended(child, signal),
  };
}

/** Signals a process, and resolves when it is gone; at once when it is already. */
export async function ended(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}

/** A port of the loopback on which nobody listens now. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}

/** The program beside the server's library, compiled or not. */
function serverProgram(): string {
  return fileURLToPath(import.meta.resolve('heureka-server')).replace(/index(\.[jt]s)$/, 'main$1');
}

async function ready(child: ChildProcess, url: string): Promise<void> {
  for (const deadline = performance.now() + READY_WITHIN_MS; ; await pause(50)) {
    if (child.exitCode !== null)
      throw new Error(`the registry ended with exit code ${child.exitCode} before it was ready`);
    const isReady = await fetch(url).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isReady) return;
    if (performance.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`the registry did not answer at ${url} within ${READY_WITHIN_MS} ms`);
    }
  }
}
