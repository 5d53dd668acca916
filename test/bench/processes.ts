/**
 * The processes of a measurement: servers on one core, those that make the load on the other, each ended by its id.
 */
import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort, NODE_ARGS } from '../helpers/server-process.ts';
import type { BareAnswer } from './bare-answer.ts';
import type { LoadJob, LoadReply, LoadResult, LoadTarget } from './load-job.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** As it is published: without a loader between Node and the code. */
const SERVER = join(ROOT, 'registry-server/dist/main.js');
const START_MS = 30_000;

/** The core that servers share, and the one for all else. */
export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

/** Whether processes can be bound to cores here. */
export const pinned: boolean =
  availableParallelism() > 1 && spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0;

/** Something that listens and can be measured. */
export interface Target {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Of the protocol, such as `/eureka`. */
  readonly base: string;
  /** Undefined: its CPU time cannot be read. */
  readonly pid: number | undefined;
}

export interface RunningTarget extends Target {
  readonly pid: number;
  stop(): Promise<void>;
}

/** Resident memory in MiB; undefined where the system does not say. */
export function rssMiB(pid: number): number | undefined {
  try {
    const pages = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return pages === undefined ? undefined : Number(pages) / 1024;
  } catch {
    return undefined;
  }
}

/** Our server, built, with the embedded store unless told otherwise. @param core - where it runs */
export async function startRegistry(
  name: string,
  args: readonly string[] = ['--data', 'none'],
  core = SERVER_CORE,
): Promise<RunningTarget & { readonly readyMs: number }> {
  if (!existsSync(SERVER)) throw new Error('the server is not built: npm run build');
  const port = await freePort();
  const began = performance.now();
  const child = start([SERVER, '--port', String(port), '--host', '127.0.0.1', ...args], core);
  await ready(child, `http://127.0.0.1:${port}/health/ready`);
  const readyMs = performance.now() - began;
  return { name, host: '127.0.0.1', port, base: '/eureka', pid: child.pid!, readyMs, stop: () => stop(child) };
}

/** `node:http` that answers everything alike. @param answer - default: 200 and nothing */
export async function startBare(answer: BareAnswer = { status: 200, headers: {} }): Promise<RunningTarget> {
  const port = await freePort();
  const program = join(import.meta.dirname, 'bare-server.ts');
  const child = start([...NODE_ARGS, program, String(port), JSON.stringify(answer)], SERVER_CORE);
  await ready(child, `http://127.0.0.1:${port}/`);
  return { name: 'bare node:http', host: '127.0.0.1', port, base: '', pid: child.pid!, stop: () => stop(child) };
}

/** A server that somebody else runs. @param pid - on this machine, for its CPU time */
export function peerTarget(url: string, pid: number | undefined): Target {
  const { hostname, port, pathname } = new URL(url);
  return { name: `peer ${url}`, host: hostname, port: Number(port || 80), base: pathname.replace(/\/+$/, ''), pid };
}

/** A process that makes load, waiting for jobs. */
export class Load {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async open(target: LoadTarget): Promise<Load> {
    const load = new Load(fork(join(import.meta.dirname, 'load-process.ts'), [], { execArgv: [...NODE_ARGS] }));
    pin(load.#child.pid!, LOAD_CORE);
    await load.run({ kind: 'open', ...target });
    return load;
  }

  /** @throws when a connection broke */
  async run(job: LoadJob): Promise<LoadResult> {
    this.#child.send(job);
    const [reply] = (await once(this.#child, 'message')) as [LoadReply];
    if (reply.is === 'failed') throw new Error(`the load failed: ${reply.why}`);
    return reply.result;
  }

  async end(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.disconnect();
    await gone;
  }
}

/** Binds this process too, which only waits and reads. */
export function pin(pid: number, core: number): void {
  if (pinned) spawnSync('taskset', ['-acp', String(core), String(pid)], { stdio: 'ignore' });
}

/** Starts Node bound to a core from its first moment. */
function start(args: readonly string[], core: number): ChildProcess {
  const { REDIS_URL: _, ...env } = process.env;
  const [program, ...rest] = pinned
    ? ['taskset', '-c', String(core), process.execPath, ...args]
    : [process.execPath, ...args];
  return spawn(program!, rest, { cwd: ROOT, env, stdio: ['ignore', 'ignore', 'inherit'] });
}

async function ready(child: ChildProcess, url: string): Promise<void> {
  for (const deadline = performance.now() + START_MS; ; await pause(5)) {
    if (child.exitCode !== null) throw new Error(`a server ended with exit code ${child.exitCode}`);
    const answered = await fetch(url).then(
      (answer) => answer.arrayBuffer().then(() => answer.status < 400),
      () => false,
    );
    if (answered) return;
    if (performance.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`a server was not ready within ${START_MS} ms`);
    }
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  // `taskset` replaces itself, so this is Node.
  child.kill('SIGKILL');
  await gone;
}
