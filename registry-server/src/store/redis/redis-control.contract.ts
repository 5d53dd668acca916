/** Moves a store's time by moving what its head remembers of the past, so that no test of Redis waits. */
import type { Cluster, Redis } from 'ioredis';
import type { StoreControl } from '../registry-store.contract.ts';
import { redisKeys } from './keys.ts';

export function redisControl(client: Redis | Cluster, namespace: string): StoreControl {
  const { head } = redisKeys(namespace);
  async function earlier(ms: number, ...fields: readonly string[]): Promise<void> {
    for (const field of fields) {
      if ((await client.hexists(head, field)) === 1) await client.hincrby(head, field, -ms);
    }
  }
  return {
    async passTime(ms) {
      await client.hincrby(head, 'lease', ms);
      await earlier(ms, 'sweepAt', 'quiet', 'until');
    },
    standStill: (ms) => earlier(ms, 'tick', 'sweepAt', 'quiet', 'until'),
  };
}
