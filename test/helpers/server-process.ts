/** A registry server as a process of its own, from its sources, on a free port of the loopback. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const ROOT = resolve(import.meta.dirname, '../..');
const START_TIMEOUT_MS = 30_000;

/** What `node` needs to run one of our TypeScript files. */
export const NODE_ARGS: readonly string[] = ['--conditions=heureka-source', '--import', 'tsx'];

export interface ServerProcess {
  /** Without path: `http://127.0.0.1:8761`. */
  readonly origin: string;
  /** With the protocol's base path. */
  readonly url: string;
  readonly port: number;
  readonly process: ChildProcess;
  /** What it wrote so far. */
  readonly output: () => string;
  /** Signals it, and resolves with its exit code once it is gone (null: ended by the signal). */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts a server and waits until it is ready. @throws when it ends or does not become ready, with what it wrote */
export async function startServer(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<ServerProcess> {
  const given = args.indexOf('--port');
  const port = given < 0 ? await freePort() : Number(args[given + 1]);
  const server = runServer(given < 0 ? ['--port', String(port), '--host', '127.0.0.1', ...args] : args, env);
  const origin = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    if (server.process.exitCode !== null) {
      throw new Error(`the server ended with exit code ${server.process.exitCode}:\n${server.output()}`);
    }
    const ready = await fetch(`${origin}/health/ready`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ready) break;
    if (Date.now() > deadline) {
      server.process.kill('SIGKILL');
      throw new Error(`the server was not ready within ${START_TIMEOUT_MS} ms:\n${server.output()}`);
    }
    await pause(50);
  }
  return { origin, url: `${origin}/eureka`, port, ...server };
}

/** Starts the server's program with exactly these arguments, ready or not. */
export function runServer(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Pick<ServerProcess, 'process' | 'output' | 'stop'> {
  const { REDIS_URL: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [...NODE_ARGS, join(ROOT, 'registry-server/src/main.ts'), ...args], {
    cwd: ROOT,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const gone = once(child, 'close') as Promise<[number | null]>;
  return {
    process: child,
    output: () => output,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      const [code] = await gone;
      return code;
    },
  };
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}
