/**
 * Three registry nodes on one Redis, 30 instances that keep their leases through them, and one node killed: nothing may be lost.
 * Exit code 1 if any node ever lists fewer instances than are alive; 2 with a sentence when there is no Redis.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { createDiscovery, type Discovery } from '@heureka/client-sdk';
import { findRedis, NoRedis, type RedisProcess } from '../support/redis-process.ts';
import { type RegistryProcess, startRegistry } from '../support/registry-process.ts';

const NODES = 3;
const INSTANCES = 30;
/** Longer than the lease: an instance whose heartbeats did not find another node would be gone by then. */
const WATCH_MS = 8_000;
const LEASE = { heartbeatMs: 1_000, leaseMs: 4_000 } as const;

/** How many instances of `orders` a node lists; undefined: it does not answer. */
async function listedBy(node: RegistryProcess): Promise<number | undefined> {
  try {
    const answer = await fetch(`${node.url}/apps/ORDERS`, { headers: { accept: 'application/json' } });
    const { application } = (await answer.json()) as { application: { instance: { status: string }[] } };
    return application.instance.filter(({ status }) => status === 'UP').length;
  } catch {
    return undefined;
  }
}

async function run(redis: RedisProcess): Promise<number> {
  // A namespace of its own: a Redis that is shared keeps what else is in it.
  const args = ['--redis', redis.url, '--namespace', `example-${process.pid}`];
  const nodes = await Promise.all(Array.from({ length: NODES }, () => startRegistry({ args })));
  const urls = nodes.map(({ url }) => url);
  const services: Discovery[] = [];
  try {
    console.log(`${NODES} nodes on ${new URL(redis.url).host}: ${nodes.map(({ port }) => port).join(', ')}`);
    // As many processes would: each may have chosen another node, and knows all three.
    for (let first = 0; first < NODES; first++) {
      const own = urls.map((_, index) => urls[(first + index) % NODES]!);
      services.push(await createDiscovery({ registry: own }));
    }
    const register = (number: number): Promise<unknown> =>
      services[number % NODES]!.register({
        app: 'orders',
        instanceId: `orders-${number}`,
        address: '127.0.0.1',
        port: 20_000 + number,
        signals: false,
        drain: { propagationMs: 0 },
        ...LEASE,
      });
    await Promise.all(Array.from({ length: INSTANCES }, (_, number) => register(number)));
    const listed = async (): Promise<string> =>
      (await Promise.all(nodes.map(listedBy))).map((count) => count ?? 'dead').join(', ');
    await pause(500);
    console.log(`registered ${INSTANCES} instances through all of them; the nodes list ${await listed()}`);

    console.log('kill -9 of the first node');
    await nodes[0]!.stop('SIGKILL');
    const alive = nodes.slice(1);
    let fewest = INSTANCES;
    for (const end = performance.now() + WATCH_MS; performance.now() < end; await pause(100)) {
      for (const node of alive) fewest = Math.min(fewest, (await listedBy(node)) ?? 0);
    }
    console.log(
      `${WATCH_MS / 1_000} s later, two leases long: the nodes list ${await listed()}; at no time fewer than ${fewest}`,
    );

    await register(INSTANCES);
    console.log('one more instance registers meanwhile, and the node is started again');
    nodes[0] = await startRegistry({ port: nodes[0]!.port, args });
    await pause(500);
    const after = await Promise.all(nodes.map(listedBy));
    console.log(`the nodes list ${after.join(', ')}`);

    const lost = INSTANCES - fewest + after.reduce<number>((sum, count) => sum + INSTANCES + 1 - (count ?? 0), 0);
    console.log(`lost: ${lost}`);
    return lost === 0 ? 0 : 1;
  } finally {
    await Promise.all(services.map((service) => service.close({ drainMs: 0 })));
    await Promise.all(nodes.map((node) => node.stop()));
  }
}

try {
  const redis = await findRedis();
  try {
    process.exitCode = await run(redis);
  } finally {
    await redis.stop();
  }
} catch (error) {
  if (!(error instanceof NoRedis)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
