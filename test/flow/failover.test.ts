/**
 * The whole path over real sockets: services register with a registry process, a caller finds them by name, and their deaths reach no user.
 */
import { createDiscovery, type Discovery } from '@heureka/client-sdk';
import { expect, test } from 'vitest';
import { type HttpService, httpService } from '../helpers/http-service.ts';
import { type ServerProcess, startServer } from '../helpers/server-process.ts';
import { until } from '../helpers/until.ts';

interface Scene {
  readonly registry: ServerProcess;
  readonly services: readonly HttpService[];
  readonly owners: readonly Discovery[];
  readonly caller: Discovery;
}

/** A registry, `orders` with two instances in each of two zones, and a caller in zone a that sees them all. */
async function scene(onTestFinished: (end: () => Promise<void>) => void): Promise<Scene> {
  const registry = await startServer(['--data', 'none']);
  onTestFinished(async () => void (await registry.stop('SIGKILL')));
  const zones = ['a', 'a', 'b', 'b'];
  const services = await Promise.all(zones.map((zone, index) => httpService(`${zone}${index}`)));
  const owners: Discovery[] = [];
  for (const [index, service] of services.entries()) {
    const owner = await createDiscovery({ registry: registry.url, zone: zones[index]! });
    onTestFinished(async () => {
      await owner.close({ drainMs: 0 });
      await service.kill();
    });
    await owner.registerServer(service.server, {
      app: 'orders',
      address: '127.0.0.1',
      heartbeatMs: 500,
      leaseMs: 2_000,
      signals: false,
      drain: { propagationMs: 0, inflightMs: 0 },
    });
    owners.push(owner);
  }
  const caller = await createDiscovery({ registry: { urls: [registry.url], pollMs: 500 }, zone: 'a', start: 'wait' });
  onTestFinished(() => caller.close());
  await until('the caller sees all four', () => caller.instances('orders').length === 4);
  return { registry, services, owners, caller };
}

/** Who answered `count` calls made one after another; a failed call throws. */
async function answers(caller: Discovery, count: number): Promise<string[]> {
  const names: string[] = [];
  for (let call = 0; call < count; call++) {
    const answer = await caller.fetch('http://orders/hello');
    expect(answer.status).toBe(200);
    names.push(await answer.text());
  }
  return names;
}

test('calls by name stay in the own zone, survive its instances one by one, and move to the other zone when it is gone', async ({
  onTestFinished,
}) => {
  const { services, caller } = await scene(onTestFinished);
  expect(new Set((await answers(caller, 60)).map((name) => name[0]))).toEqual(new Set(['a']));

  await services[0]!.kill();
  await answers(caller, 60);

  await services[1]!.kill();
  const last = await answers(caller, 60);
  expect(new Set(last.map((name) => name[0]))).toEqual(new Set(['b']));
});

test('an instance that dies without a word leaves the list when its lease ends; one that closes leaves at once', async ({
  onTestFinished,
}) => {
  const { owners, services, caller } = await scene(onTestFinished);

  await owners[3]!.close({ drainMs: 0 });
  await until('the closed one is gone', () => caller.instances('orders').length === 3, 3_000);

  const ports = caller.instances('orders').map(({ port }) => port);
  expect(ports).not.toContain(services[3]!.port);
});

test('a registry that is killed and comes back empty costs no call, and knows everybody again soon', async ({
  onTestFinished,
}) => {
  const { registry, caller } = await scene(onTestFinished);

  await registry.stop('SIGKILL');
  await answers(caller, 40);
  const again = await startServer(['--data', 'none', '--port', String(registry.port), '--host', '127.0.0.1']);
  onTestFinished(async () => void (await again.stop('SIGKILL')));
  await answers(caller, 40);

  await until('all four have registered again', async () => {
    const answer = await fetch(`${again.url}/apps/ORDERS`, { headers: { accept: 'application/json' } });
    const { application } = (await answer.json()) as { application: { instance: unknown[] } };
    return application.instance.length === 4;
  });
  await until('the caller lists all four again', () => caller.instances('orders').length === 4);
  await answers(caller, 40);
});
