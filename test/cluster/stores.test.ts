/** The store's contract on every way to Redis that operators use: Sentinel, Cluster, and TLS with a user that may do no more than it needs. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { createServer, type SecureContextOptions, type Server } from 'node:tls';
import { systemClock } from '@heureka/client-sdk/runtime';
import { Cluster, type Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { certificate } from '../../registry-server/src/certificates.fixture.ts';
import { redisControl } from '../../registry-server/src/store/redis/redis-control.contract.ts';
import { REDIS_ACL, type RedisStoreOptions } from '../../registry-server/src/store/redis/redis-options.ts';
import { redisStore } from '../../registry-server/src/store/redis/redis-store.ts';
import { registryStoreContract } from '../../registry-server/src/store/registry-store.contract.ts';
import { type RedisClusterNodes, startRedisCluster } from '../helpers/redis-cluster.ts';
import { MASTER_NAME, startWatchedRedis, type WatchedRedis } from '../helpers/redis-sentinel.ts';
import { freePort, type RedisServer, startRedis } from '../helpers/redis-server.ts';
import { beat, listed, register } from '../helpers/registry-calls.ts';
import { startServer } from '../helpers/server-process.ts';
import { until } from '../helpers/until.ts';

let spaces = 0;

function contract(name: string, options: () => Omit<RedisStoreOptions, 'clock'>, client: () => Redis | Cluster): void {
  registryStoreContract(name, async () => {
    const namespace = `ways-${++spaces}`;
    const all = { clock: systemClock, namespace, ...options() };
    return { store: redisStore(all), other: redisStore(all), control: redisControl(client(), namespace) };
  });
}

describe('Redis Cluster', () => {
  let cluster: RedisClusterNodes;
  let client: Cluster;
  const addresses = (): { host: string; port: number }[] => cluster.nodes.map(({ host, port }) => ({ host, port }));
  beforeAll(async () => {
    cluster = await startRedisCluster();
    client = new Cluster(addresses());
  });
  afterAll(async () => {
    client?.disconnect();
    await cluster?.stop();
  });

  contract(
    'redis cluster of three',
    () => ({ cluster: { nodes: addresses().slice(0, 1) } }),
    () => client,
  );

  test('two nodes on a cluster are one registry, and all its keys are in one slot', async () => {
    const args = ['--redis', `redis://127.0.0.1:${cluster.nodes[0]!.port}`, '--redis-cluster'];
    const [a, b] = [await startServer(args), await startServer(args)];
    onTestFinished(async () => {
      for (const node of [a, b]) await node.stop('SIGKILL');
    });
    expect(await register(a.url, 'i1')).toBe(204);
    await until('the other node shows it', async () => (await listed(b.url)).includes('i1'));
    expect(await beat(b.url, 'i1')).toBe(200);
    const owner = await cluster.ownerOf('{heureka:default}:head');
    const keys = await owner.client().keys('{heureka:default}:*');
    expect(keys.map((key) => key.slice(key.lastIndexOf(':') + 1)).sort()).toEqual([
      'changes',
      'head',
      'leases',
      'nodes',
      'records',
    ]);
  });
});

describe('Sentinel', () => {
  let watched: WatchedRedis;
  beforeAll(async () => {
    watched = await startWatchedRedis();
  });
  afterAll(() => watched?.stop());

  contract(
    'redis by sentinel',
    () => ({ sentinel: { nodes: [watched.sentinel], name: MASTER_NAME } }),
    () => watched.master.client(),
  );

  test('a failover interrupts nobody: what is said to the nodes meanwhile is with the new master afterwards', async () => {
    const { host, port } = watched.sentinel;
    const args = ['--redis-sentinels', `${host}:${port}`, '--redis-sentinel-name', MASTER_NAME];
    const [a, b] = [await startServer(args), await startServer(args)];
    onTestFinished(async () => {
      for (const node of [a, b]) await node.stop('SIGKILL');
    });
    expect(await register(a.url, 'before')).toBe(204);
    const failingOver = watched.failOver();
    expect(await register(a.url, 'meanwhile-a')).toBe(204);
    expect(await register(b.url, 'meanwhile-b')).toBe(204);
    expect(await beat(a.url, 'before')).toBe(200);
    await failingOver;
    const everybody = ['before', 'meanwhile-a', 'meanwhile-b'];
    for (const { url } of [a, b]) {
      await until('the node lists all', async () => JSON.stringify(await listed(url)) === JSON.stringify(everybody));
    }
    await until('the new master has all', async () => {
      const keys = await watched.replica.client().hkeys('{heureka:default}:records');
      return keys.length === everybody.length;
    });
  });
});

describe('TLS, and a user with the rights of the documentation', () => {
  const authority = certificate('authority');
  const own = certificate('redis', authority);
  const folder = mkdtempSync(join(tmpdir(), 'heureka-tls-'));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const ca = file('ca.pem', authority.cert);
  let redis: RedisServer;
  let terminator: Server | undefined;
  let port: number;
  beforeAll(async () => {
    port = await freePort();
    const tls = ['--tls-port', String(port), '--port', '0', '--tls-auth-clients', 'no', '--tls-ca-cert-file', ca];
    const pair = ['--tls-cert-file', file('cert.pem', own.cert), '--tls-key-file', file('key.pem', own.key)];
    const connect = { tls: { ca: authority.cert } };
    // A build without TLS, such as Valkey's from the index of Python packages, stands behind a terminator.
    redis = await startRedis({ port, connect, args: [...tls, ...pair] }).catch((error: unknown) => {
      if (!/finding TLS support|'tls-port/.test(String(error))) throw error;
      return startRedis();
    });
    if (redis.port !== port) terminator = await terminateTls(own, port, redis.port);
    // What the documentation says, for the namespaces of the contract, and for the server's own.
    const rights = REDIS_ACL.replace('~{heureka:default}:*', '~{heureka:ways-*}:* ~{heureka:default}:*');
    await redis.client().call('ACL', 'SETUSER', 'heureka', 'on', '>s3cret', ...rights.split(' '));
    await redis.client().call('ACL', 'SETUSER', 'default', 'on', 'nopass');
  });
  afterAll(async () => {
    terminator?.close();
    await redis?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  contract(
    'redis by TLS as an ACL user',
    () => ({ url: `rediss://heureka:s3cret@127.0.0.1:${port}`, tls: { ca: authority.cert } }),
    () => redis.client(),
  );

  test('the documentation names exactly the rights that were tested', () => {
    const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    expect(page).toContain(`ACL SETUSER heureka on >password ${REDIS_ACL}\n`);
  });

  test('the server reaches it by rediss:// and --redis-ca, and was refused no command', async () => {
    const url = `rediss://heureka:s3cret@127.0.0.1:${port}`;
    const node = await startServer(['--redis', url, '--redis-ca', ca]);
    onTestFinished(async () => void (await node.stop('SIGKILL')));
    expect(await register(node.url, 'i1')).toBe(204);
    expect(await beat(node.url, 'i1')).toBe(200);
    expect(await listed(node.url)).toEqual(['i1']);
    const denied = (await redis.client().call('ACL', 'LOG')) as unknown[];
    expect(denied).toEqual([]);
  });
});

/** Takes TLS off what comes to `port`, and passes it on to `target`. */
async function terminateTls(
  pair: Pick<SecureContextOptions, 'cert' | 'key'>,
  port: number,
  target: number,
): Promise<Server> {
  const server = createServer({ cert: pair.cert, key: pair.key }, (socket) => {
    const plain = createConnection(target, '127.0.0.1');
    pipeline(socket, plain, socket, () => undefined);
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
