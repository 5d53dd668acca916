/** Failovers to a replica that lags: what the old master acknowledged last, the new one never had. */
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { MASTER_NAME, startWatchedRedis, type WatchedRedis } from '../helpers/redis-sentinel.ts';
import { startServer } from '../helpers/server-process.ts';
import type { Fault } from './fault.ts';
import { type Backend, HEAD, nodeArgs, RECORDS } from './scene.ts';

export class SentinelRedis implements Backend {
  readonly watched: WatchedRedis;
  readonly #client: Redis;

  private constructor(watched: WatchedRedis) {
    this.watched = watched;
    this.#client = new Redis({
      sentinels: [watched.sentinel],
      name: MASTER_NAME,
      maxRetriesPerRequest: 0,
      sentinelRetryStrategy: () => 100,
      retryStrategy: () => 100,
    });
    this.#client.on('error', () => undefined);
  }

  static async start(): Promise<SentinelRedis> {
    return new SentinelRedis(await startWatchedRedis());
  }

  nodeArgs(): readonly string[] {
    const { host, port } = this.watched.sentinel;
    return ['--redis-sentinels', `${host}:${port}`, '--redis-sentinel-name', MASTER_NAME];
  }

  async records(): Promise<ReadonlySet<string> | undefined> {
    return this.#client.hkeys(RECORDS).then(
      (keys) => new Set(keys),
      () => undefined,
    );
  }

  async end(): Promise<void> {
    this.#client.disconnect();
    await this.watched.stop();
  }
}

/** How long the replica lags. */
const LAG_MS = 3_000;

export const SENTINEL_FAULTS: readonly Fault<SentinelRedis>[] = [
  {
    name: 'failover',
    what: 'Sentinel promotes a replica that lags by some seconds',
    async inflict({ backend: { watched } }) {
      await watched.cutReplication();
      await pause(LAG_MS);
      await watched.failOver();
      return performance.now();
    },
  },
  {
    name: 'failover-forked',
    what: 'the same, and another node commits on it until versions are equal and histories are not, before the old nodes return',
    async inflict(scene) {
      const { population, nodes, backend } = scene;
      const { watched } = backend;
      await watched.cutReplication();
      await pause(LAG_MS);
      await population.calm();
      population.beating = false;
      await pause(300);
      const version = await versionOf(watched.master.client());
      for (const node of nodes) node.process.kill('SIGSTOP');
      await watched.failOver();
      const stranger = await startServer(nodeArgs(backend, nodes.length));
      const onReplica = watched.replica.client();
      await population.comeTo(stranger.url, version - (await versionOf(onReplica)));
      const reached = await versionOf(onReplica);
      if (reached !== version) throw new Error(`the histories were to meet at version ${version}, not ${reached}`);
      await stranger.stop('SIGKILL');
      for (const node of nodes) node.process.kill('SIGCONT');
      const healed = performance.now();
      population.beating = true;
      return healed;
    },
  },
];

async function versionOf(client: Redis): Promise<number> {
  return Number(await client.hget(HEAD, 'version'));
}
