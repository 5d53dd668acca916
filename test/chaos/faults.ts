/** The faults of one Redis and its nodes. Each is inflicted under load, healed, and says when that was. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from './fault.ts';
import type { OneRedis } from './scene.ts';

export const FAULTS: readonly Fault<OneRedis>[] = [
  {
    name: 'kill-persistent',
    what: 'SIGKILL of Redis, which comes back with all that it had written',
    async inflict({ backend, size }) {
      await backend.redis.kill();
      await pause(size.faultMs / 2);
      await backend.redis.restart();
      return performance.now();
    },
  },
  {
    name: 'kill-empty',
    what: 'SIGKILL of Redis, which comes back empty',
    async inflict({ backend, size }) {
      await backend.redis.kill();
      await pause(size.faultMs / 2);
      await backend.redis.restart({ empty: true });
      return performance.now();
    },
  },
  {
    name: 'stop',
    what: 'Redis stands still (SIGSTOP) and goes on',
    async inflict({ backend, size }) {
      backend.redis.pause();
      await pause(size.faultMs);
      backend.redis.resume();
      return performance.now();
    },
  },
  {
    name: 'flush-idle',
    what: 'FLUSHALL while nobody asks for anything',
    async inflict({ backend, population }) {
      await population.calm();
      population.beating = false;
      await pause(1_500);
      await backend.client.flushall();
      return performance.now();
    },
  },
  {
    name: 'flush-busy',
    what: 'FLUSHALL under load',
    async inflict({ backend }) {
      await backend.client.flushall();
      return performance.now();
    },
  },
  {
    name: 'refuse-writes',
    what: 'Redis is full and refuses writes (maxmemory, noeviction)',
    async inflict({ backend, size }) {
      await backend.client.config('SET', 'maxmemory-policy', 'noeviction');
      await backend.client.config('SET', 'maxmemory', '1mb');
      await pause(size.faultMs);
      await backend.client.config('SET', 'maxmemory', '0');
      return performance.now();
    },
  },
  {
    name: 'cut-node',
    what: 'one node is cut off from Redis while the others write',
    async inflict({ backend, size }) {
      backend.proxies[0]!.cut('silent');
      await pause(size.faultMs);
      backend.proxies[0]!.heal();
      return performance.now();
    },
  },
  {
    name: 'slow',
    what: 'Redis takes 600 ms longer to answer, at every node',
    async inflict({ backend, size }) {
      for (const proxy of backend.proxies) proxy.slow(300);
      await pause(size.faultMs);
      for (const proxy of backend.proxies) proxy.heal();
      return performance.now();
    },
  },
  {
    name: 'kill-node',
    what: 'one node is killed (SIGKILL) and started again',
    async inflict(scene) {
      await scene.nodes[0]!.stop('SIGKILL');
      await pause(1_000);
      await scene.restartNode(0);
      return performance.now();
    },
  },
  {
    name: 'old-dump',
    what: 'Redis comes back with a dump of some time ago',
    async inflict({ backend, size }) {
      const dump = await dumped(backend);
      await pause(size.faultMs / 2);
      await backend.redis.restart({ dump });
      const healed = performance.now();
      await backend.client.config('SET', 'appendonly', 'yes');
      return healed;
    },
  },
];

/** A copy of all that Redis holds now. */
async function dumped({ client, redis }: OneRedis): Promise<string> {
  await client.save();
  const copy = join(redis.folder, 'older.rdb');
  copyFileSync(join(redis.folder, 'dump.rdb'), copy);
  return copy;
}
