/** The three services of `examples/` as a user starts them: a registry, and each a process; they call each other by name and leave in order. */
import { expect, test } from 'vitest';
import { freePort, type ServerProcess, startServer } from '../helpers/server-process.ts';
import { until } from '../helpers/until.ts';
import { type RunningExample, startExample } from './run-example.ts';

interface Service extends RunningExample {
  readonly url: string;
}

type Later = (end: () => Promise<void>) => void;

async function startRegistry(later: Later): Promise<ServerProcess> {
  const registry = await startServer(['--data', 'none']);
  later(async () => void (await registry.stop('SIGKILL')));
  return registry;
}

async function startService(framework: string, app: string, registry: ServerProcess, later: Later): Promise<Service> {
  const port = await freePort();
  const service = startExample(`${framework}-service/main.ts`, {
    env: { EUREKA_URL: registry.url, PORT: String(port) },
  });
  later(async () => {
    service.process.kill('SIGKILL');
    await service.ended;
  });
  await until(`${app} listens`, () => service.output().includes(`${app} listens on `) || failed(service), 30_000);
  return { ...service, url: `http://127.0.0.1:${port}` };
}

function failed({ process: { exitCode }, output }: RunningExample): false {
  if (exitCode !== null) throw new Error(`it ended with exit code ${exitCode}:\n${output()}`);
  return false;
}

async function listed(registry: ServerProcess): Promise<readonly string[]> {
  const answer = await fetch(`${registry.url}/apps`, { headers: { accept: 'application/json' } });
  const { applications } = (await answer.json()) as { applications: { application: { name: string }[] } };
  return applications.application.map(({ name }) => name).sort();
}

async function json(url: string): Promise<unknown> {
  return (await fetch(url)).json();
}

test('express, fastify and hono: each service registers and calls another by its name', async ({ onTestFinished }) => {
  const registry = await startRegistry(onTestFinished);
  const [shop, orders, stock] = await Promise.all([
    startService('express', 'shop', registry, onTestFinished),
    startService('fastify', 'orders', registry, onTestFinished),
    startService('hono', 'stock', registry, onTestFinished),
  ]);
  expect(await listed(registry)).toEqual(['ORDERS', 'SHOP', 'STOCK']);

  expect(await json(`${shop.url}/v1/cart/42`)).toEqual({
    cart: 'yours',
    order: { order: '42', item: 'lamp', stock: { item: 'lamp', left: 7 } },
  });
  expect(await json(`${orders.url}/v1/orders/43`)).toMatchObject({ order: '43', stock: { left: 7 } });
  expect(await json(`${stock.url}/v1/stock/lamp/demand`)).toEqual({ item: 'lamp', left: 7, wanted: 3 });
}, 60_000);

for (const [framework, app, path] of [
  ['express', 'shop', '/v1/cart/42'],
  ['fastify', 'orders', '/v1/orders/42'],
  ['hono', 'stock', '/v1/stock/lamp/demand'],
] as const) {
  test(`${framework}: a call of a service that nobody offers is answered 503 with the reason, and SIGTERM ends it in order`, async ({
    onTestFinished,
  }) => {
    const registry = await startRegistry(onTestFinished);
    const service = await startService(framework, app, registry, onTestFinished);
    const answer = await fetch(`${service.url}${path}`);
    expect([answer.status, await answer.json()]).toEqual([503, { error: 'ERR_NO_INSTANCE' }]);

    service.process.kill('SIGTERM');
    await service.ended;
    expect(service.process.signalCode).toBe('SIGTERM');
    expect(await listed(registry)).toEqual([]);
  }, 60_000);
}

test('express: a request that is on its way when SIGTERM comes is answered', async ({ onTestFinished }) => {
  const registry = await startRegistry(onTestFinished);
  const shop = await startService('express', 'shop', registry, onTestFinished);
  const slow = json(`${shop.url}/v1/slow`);
  await new Promise((resolve) => setTimeout(resolve, 200));
  shop.process.kill('SIGTERM');
  expect(await slow).toEqual({ answered: true });
  await shop.ended;
  expect(await listed(registry)).toEqual([]);
}, 60_000);
