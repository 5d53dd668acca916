/** A real Redis Cluster of three masters on the loopback, for tests. */
import { freePort, type RedisServer, startRedis } from './redis-server.ts';
import { until } from './until.ts';

const SLOTS = 16_384;

export interface RedisClusterNodes {
  readonly nodes: readonly RedisServer[];
  /** The one that holds a key's slot. */
  ownerOf(key: string): Promise<RedisServer>;
  stop(): Promise<void>;
}

export async function startRedisCluster(): Promise<RedisClusterNodes> {
  const nodes: RedisServer[] = [];
  for (let index = 0; index < 3; index++) {
    const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', '--cluster-config-file', 'nodes.conf'];
    nodes.push(await startRedis({ args, port: await portWithBus() }));
  }
  for (const [index, node] of nodes.entries()) {
    const from = Math.ceil((index * SLOTS) / 3);
    const to = Math.ceil(((index + 1) * SLOTS) / 3);
    const client = node.client();
    await client.cluster('ADDSLOTS', ...Array.from({ length: to - from }, (_, slot) => from + slot));
    if (index > 0) await client.cluster('MEET', '127.0.0.1', nodes[0]!.port);
  }
  for (const node of nodes) {
    const client = node.client();
    await until('the cluster is formed', async () => {
      const info = String(await client.cluster('INFO'));
      return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3');
    });
  }
  return {
    nodes,
    async ownerOf(key) {
      for (const node of nodes) {
        const held = await node
          .client()
          .exists(key)
          .then(
            () => true,
            () => false,
          );
        if (held) return node;
      }
      throw new Error(`no node has the slot of ${key}`);
    },
    async stop() {
      for (const node of nodes) await node.stop();
    },
  };
}

/** Cluster nodes speak to each other 10,000 ports higher. */
async function portWithBus(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (port <= 55_000) return port;
  }
}
