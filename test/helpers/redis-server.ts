/** Real Redis servers for tests: each on a free port, in a temporary folder, ended by its process id. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';

const START_TIMEOUT_MS = 10_000;

export interface RedisServer {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly folder: string;
  /** Its process id now; another after `restart`. */
  readonly pid: number;
  /** A client of its own for the test; closed with the server. */
  client(): Redis;
  /** Stops answering, connections stay (SIGSTOP). */
  pause(): void;
  resume(): void;
  /** SIGKILL: nothing is saved. Resolves when it is gone. */
  kill(): Promise<void>;
  /**
   * Ends it if it runs, and starts it on the same port: with what it had saved, with `empty` without, with `dump` from a copy of an older
   * dump file (and saving no longer, until told so).
   */
  restart(options?: { readonly empty?: boolean; readonly dump?: string }): Promise<void>;
  stop(): Promise<void>;
}

export interface RedisServerOptions {
  /** Arguments behind the defaults, such as `['--appendonly', 'yes']`. */
  readonly args?: readonly string[];
  readonly port?: number;
  /** Whether changes are saved to an append-only file, fsynced always; default no. */
  readonly persistent?: boolean;
  /** How the helper itself reaches it, where that is not plain: TLS, password. */
  readonly connect?: Readonly<Record<string, unknown>>;
}

/** Starts one and waits until it answers. @throws with what it wrote when it does not */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'heureka-redis-'));
  const port = options.port ?? (await freePort());
  const clients = new Set<Redis>();
  let child = await run();

  async function run(persistent = options.persistent === true): Promise<ChildProcess> {
    const saving = persistent ? ['--appendonly', 'yes', '--appendfsync', 'always'] : [];
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', ...saving];
    const started = spawn(redisProgram(), [...args, ...(options.args ?? [])], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [started.stdout, started.stderr]) {
      stream.on('data', (text) => {
        output = (output + text).slice(-8_000);
      });
    }
    const probe = open();
    try {
      for (const deadline = Date.now() + START_TIMEOUT_MS; ; await pause(20)) {
        if (started.exitCode !== null) throw new Error(`redis-server ended with ${started.exitCode}:\n${output}`);
        if (
          await probe.ping().then(
            () => true,
            (error: Error) => /NOAUTH|NOPERM/.test(error.message),
          )
        )
          return started;
        if (Date.now() > deadline) {
          started.kill('SIGKILL');
          throw new Error(`redis-server did not answer within ${START_TIMEOUT_MS} ms:\n${output}`);
        }
      }
    } finally {
      probe.disconnect();
    }
  }

  function open(): Redis {
    const client = new Redis({
      host: '127.0.0.1',
      port,
      retryStrategy: () => 20,
      maxRetriesPerRequest: 0,
      ...options.connect,
    });
    client.on('error', () => undefined);
    return client;
  }

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  return {
    host: '127.0.0.1',
    port,
    url: `redis://127.0.0.1:${port}`,
    folder,
    get pid() {
      return child.pid!;
    },
    client() {
      const client = open();
      clients.add(client);
      return client;
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill,
    async restart({ empty = false, dump } = {}) {
      await kill();
      if (empty || dump !== undefined) {
        rmSync(join(folder, 'appendonlydir'), { recursive: true, force: true });
        rmSync(join(folder, 'dump.rdb'), { force: true });
      }
      if (dump !== undefined) copyFileSync(dump, join(folder, 'dump.rdb'));
      child = await run(dump === undefined && options.persistent === true);
    },
    async stop() {
      for (const client of clients) client.disconnect();
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A port of the loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

let program: string | undefined;

/** `redis-server` or `valkey-server`: found on PATH, or installed where that is promised. @throws with a sentence that says what to do */
export function redisProgram(): string {
  program ??= onPath() ?? installed();
  return program;
}

function onPath(): string | undefined {
  const runs = (name: string): boolean => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0;
  const named = process.env['HEUREKA_TEST_REDIS'];
  if (named === undefined) return ['redis-server', 'valkey-server'].find(runs);
  if (!runs(named))
    throw new Error(`HEUREKA_TEST_REDIS names ${named}, which does not run: name a redis-server or a valkey-server.`);
  return named;
}

function installed(): string {
  const install = installCommand();
  if (install !== undefined) {
    try {
      for (const [command, ...args] of install) execFileSync(command!, args, { stdio: 'ignore', timeout: 300_000 });
    } catch {
      // Said below, with what to do.
    }
  }
  const found = onPath();
  if (found === undefined) {
    throw new Error('These tests need redis-server or valkey-server: install Redis 6.2 or newer and put it on PATH.');
  }
  return found;
}

function installCommand(): readonly (readonly string[])[] | undefined {
  const has = (name: string, ...args: string[]): boolean => spawnSync(name, args, { stdio: 'ignore' }).status === 0;
  if (process.platform === 'darwin' && has('brew', '--version')) return [['brew', 'install', 'redis']];
  if (process.platform !== 'linux' || !has('apt-get', '--version')) return undefined;
  const root = process.getuid?.() === 0;
  if (!root && !has('sudo', '-n', 'true')) return undefined;
  const apt = [...(root ? [] : ['sudo', '-n']), 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq'];
  return [
    [...apt, 'update'],
    // The server alone; its service is not started, as every test starts its own.
    [...apt, 'install', '-y', '--no-install-recommends', 'redis-server'],
  ];
}
