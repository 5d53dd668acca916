/** A real master with a replica, watched by a real Sentinel, for tests of failovers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort, type RedisServer, redisProgram, startRedis } from './redis-server.ts';
import { until } from './until.ts';

export const MASTER_NAME = 'mymaster';

export interface WatchedRedis {
  /** The first master. */
  readonly master: RedisServer;
  /** The first replica, which takes its place. */
  readonly replica: RedisServer;
  readonly sentinel: { readonly host: string; readonly port: number };
  /** The replica no longer hears the master: what the master acknowledges from now on, it lacks. */
  cutReplication(): Promise<void>;
  /** Kills the master and resolves when the replica has been promoted. */
  failOver(): Promise<void>;
  stop(): Promise<void>;
}

/** @param downAfterMs - silence after which the Sentinel gives the master up */
export async function startWatchedRedis(downAfterMs = 1_000): Promise<WatchedRedis> {
  const master = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] });
  const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
  const sentinel = await startSentinel(master.port, downAfterMs);
  const onReplica = replica.client();
  const watching = new Redis({ port: sentinel.port, maxRetriesPerRequest: 0 });
  watching.on('error', () => undefined);
  await until('the replica is in step', async () =>
    (await onReplica.info('replication')).includes('master_link_status:up'),
  );
  await until('the Sentinel knows the replica', async () => {
    const known = (await watching.call('SENTINEL', 'REPLICAS', MASTER_NAME)) as unknown[];
    return known.length > 0;
  });
  return {
    master,
    replica,
    sentinel: { host: '127.0.0.1', port: sentinel.port },
    async cutReplication() {
      await onReplica.config('SET', 'masterauth', 'wrong');
      await master.client().call('CLIENT', 'KILL', 'TYPE', 'replica');
      await until('the replica is cut off', async () => (await onReplica.info('replication')).includes('status:down'));
    },
    async failOver() {
      await master.kill();
      try {
        await until('the replica is promoted', async () => (await onReplica.role())[0] === 'master', 30_000);
        await until('the Sentinel says so', async () => {
          const [, told] = (await watching.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER_NAME)) as string[];
          return told === String(replica.port);
        });
      } catch (cause) {
        throw new Error(`the Sentinel promoted nobody:\n${sentinel.output()}`, { cause });
      }
    },
    async stop() {
      watching.disconnect();
      await sentinel.stop();
      await replica.stop();
      await master.stop();
    },
  };
}

interface Sentinel {
  readonly port: number;
  readonly output: () => string;
  stop(): Promise<void>;
}

async function startSentinel(masterPort: number, downAfterMs: number): Promise<Sentinel> {
  const folder = mkdtempSync(join(tmpdir(), 'heureka-sentinel-'));
  const port = await freePort();
  const file = join(folder, 'sentinel.conf');
  writeFileSync(
    file,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${masterPort} 1`,
      `sentinel down-after-milliseconds ${MASTER_NAME} ${downAfterMs}`,
      // A failover that found no replica fit is tried again after twice this time.
      `sentinel failover-timeout ${MASTER_NAME} 2000`,
      '',
    ].join('\n'),
  );
  const child = spawn(redisProgram(), [file, '--sentinel'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.on('data', (text) => {
    output = (output + text).slice(-4_000);
  });
  return {
    port,
    output: () => output,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
