/** Discovery as users have it, over a registry and a network in memory, on a clock that the tests move. */
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import type { Discovery, DiscoveryEvents, DiscoveryOptions, Instance } from './api.ts';
import { createDiscovery } from './discovery-client.ts';
import { type CallError, DiscoveryError, OptionsError, RegistryError } from './errors.ts';
import { anInstance } from './testing/an-instance.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { MemoryNetwork } from './testing/memory-network.ts';
import { createTestDiscovery } from './testing/test-discovery.ts';
import { TestRegistry } from './testing/test-registry.ts';

interface Scene {
  readonly clock: FakeClock;
  readonly registry: TestRegistry;
  readonly network: MemoryNetwork;
  readonly orders: readonly Instance[];
  open(options?: DiscoveryOptions): Promise<Discovery>;
}

/** `orders` with `zones.length` instances, each answering with its port; `open` gives a discovery that has the list. */
async function scene(zones: readonly (string | undefined)[] = [undefined, undefined, undefined]): Promise<Scene> {
  const clock = new FakeClock();
  const registry = new TestRegistry(clock);
  const network = new MemoryNetwork(clock);
  const orders = zones.map((zone, index) => anInstance({ app: 'orders', port: 9_000 + index, zone }));
  registry.add(...orders);
  for (const instance of orders) network.serve(instance, () => ({ body: String(instance.port) }));
  return {
    clock,
    registry,
    network,
    orders,
    async open(options = {}) {
      const opening = createTestDiscovery({ clock, testRegistry: registry, network, ...options });
      opening.catch(() => undefined);
      await clock.advance(10);
      return await opening;
    },
  };
}

/** A call whose answer comes once time has passed. */
async function answer(stage: Scene, discovery: Discovery, path = '/', ms = 20): Promise<string> {
  const called = discovery
    .request({ service: 'orders', path })
    .then(async ({ statusCode, body }) => `${statusCode} ${await body.text()}`)
    .catch((error: unknown) => String((DiscoveryError.in(error) as CallError | undefined)?.code ?? error));
  await stage.clock.advance(ms);
  return await called;
}

async function closed(stage: Scene, discovery: Discovery): Promise<void> {
  const closing = discovery.close();
  await stage.clock.advance(30_000);
  await closing;
  expect(stage.clock.timers).toBe(0);
}

test('a service is found by its name and called; nothing is left after close', async () => {
  const stage = await scene();
  const discovery = await stage.open();
  expect(discovery.services()).toEqual(['orders']);
  expect(
    discovery
      .instances('ORDERS')
      .map(({ port }) => port)
      .sort(),
  ).toEqual([9_000, 9_001, 9_002]);
  expect(await answer(stage, discovery)).toMatch(/^200 900[012]$/);
  await closed(stage, discovery);
});

test('an instance that refuses is left alone after two calls and one second, and comes back when it accepts again', async () => {
  const stage = await scene();
  const discovery = await stage.open();
  const health: string[] = [];
  discovery.on('health', ({ to, reason }) => health.push(`${to} ${reason}`));
  stage.network.fault(stage.orders[0]!, 'refuse');
  for (let call = 0; call < 30; call++) expect(await answer(stage, discovery)).toMatch(/^200 900[12]$/);
  await stage.clock.advance(3_000);
  expect(health).toContain('ejected connect');
  expect(discovery.inspect('orders').instances.find(({ instance }) => instance.port === 9_000)).toMatchObject({
    eligible: false,
    health: 'ejected',
    breaker: 'open',
  });

  stage.network.fault(stage.orders[0]!, undefined);
  await stage.clock.advance(40_000);
  for (let call = 0; call < 60; call++) await answer(stage, discovery);
  expect(health.at(-1)).toBe('healthy probe-ok');
  await closed(stage, discovery);
});

test('a zone that dies costs no call', async () => {
  const stage = await scene(['a', 'a', 'a', 'a', 'a', 'b', 'b', 'b', 'b', 'b']);
  const discovery = await stage.open({ zone: 'a' });
  for (let call = 0; call < 20; call++) expect(await answer(stage, discovery)).toMatch(/^200 900[0-4]$/);
  for (const instance of stage.orders.slice(0, 5)) stage.network.fault(instance, 'refuse');
  for (let call = 0; call < 40; call++) expect(await answer(stage, discovery)).toMatch(/^200 900[5-9]$/);
  await closed(stage, discovery);
});

test.each([
  { zone: 'a', crossed: 10 },
  { zone: 'b', crossed: 0 },
  { zone: undefined, crossed: 0 },
])('of ten calls to zone b, $crossed cross zones for a caller in zone $zone', async ({ zone, crossed }) => {
  const stage = await scene(['b', 'b', 'b']);
  const discovery = await stage.open(zone === undefined ? {} : { zone });
  for (let call = 0; call < 10; call++) await answer(stage, discovery);
  const counted = discovery.metrics().find(({ name }) => name === 'heureka_attempts_cross_zone_total');
  expect(counted?.value).toBe(crossed);
  await closed(stage, discovery);
});

test('a registry that is gone stops nothing, and one that comes back empty is not believed', async () => {
  const stage = await scene();
  const discovery = await stage.open();
  stage.registry.down();
  await stage.clock.advance(60_000);
  expect(await answer(stage, discovery)).toMatch(/^200/);
  stage.registry.up({ empty: true });
  await stage.clock.advance(30_000);
  expect(discovery.instances('orders')).toHaveLength(3);
  expect(await answer(stage, discovery)).toMatch(/^200/);

  await stage.clock.advance(200_000);
  expect(discovery.instances('orders')).toHaveLength(0);
  expect(await answer(stage, discovery)).toBe('ERR_NO_INSTANCE');
  await closed(stage, discovery);
});

test('our own registration survives a registry that forgot it', async () => {
  const stage = await scene();
  const discovery = await stage.open();
  const registering = discovery.register({ app: 'shop', port: 3_000, address: '10.0.0.7', signals: false });
  await stage.clock.advance(10);
  const registration = await registering;
  expect(registration.state).toBe('registered');
  expect(stage.registry.held.get('SHOP/10.0.0.7:shop:3000')).toBe('UP');

  stage.registry.down();
  stage.registry.up({ empty: true });
  await stage.clock.advance(12_000);
  expect(stage.registry.held.get('SHOP/10.0.0.7:shop:3000')).toBe('UP');
  await closed(stage, discovery);
  expect(stage.registry.held.has('SHOP/10.0.0.7:shop:3000')).toBe(false);
});

test('start: fail-fast fails with the first error, wait only when its time is up, background never', async () => {
  const stage = await scene();
  stage.registry.down();
  const opened = performance.now();
  const fast = createTestDiscovery({
    clock: stage.clock,
    testRegistry: stage.registry,
    network: stage.network,
    start: 'fail-fast',
  });
  const failed = expect(fast).rejects.toBeInstanceOf(RegistryError);
  await stage.clock.advance(100);
  await failed;

  let waited = false;
  const slow = createTestDiscovery({
    clock: stage.clock,
    testRegistry: stage.registry,
    network: stage.network,
    start: 'wait',
    readyMs: 3_000,
  });
  const late = slow.catch((error: unknown) => {
    waited = true;
    return error;
  });
  await stage.clock.advance(2_900);
  expect(waited).toBe(false);
  await stage.clock.advance(200);
  expect(await late).toMatchObject({ code: 'ERR_REGISTRY_UNAVAILABLE' });

  const background = await stage.open();
  expect(await answer(stage, background, '/', 6_000)).toBe('ERR_NOT_READY');
  await closed(stage, background);
  expect(performance.now() - opened).toBeLessThan(20_000);
});

test('a call before the first list waits for it', async () => {
  const stage = await scene();
  stage.registry.down();
  const discovery = await stage.open();
  const called = answer(stage, discovery, '/', 4_500);
  stage.registry.up();
  expect(await called).toMatch(/^200/);
  await closed(stage, discovery);
});

test('a name that was never listed is an unknown service; an empty one has no instance', async () => {
  const stage = await scene();
  const discovery = await stage.open();
  await expect(discovery.request('http://nowhere/')).rejects.toMatchObject({ code: 'ERR_UNKNOWN_SERVICE' });
  stage.registry.remove(...stage.orders);
  await stage.clock.advance(100);
  // Three named removals of three: a mass of them is doubted for a while only from four on.
  expect(await answer(stage, discovery)).toBe('ERR_NO_INSTANCE');
  await closed(stage, discovery);
});

test('events tell of attempts, lists and warnings, and an unknown event is refused by name', async () => {
  const stage = await scene();
  const discovery = await stage.open();
  const attempts: DiscoveryEvents['attempt'][] = [];
  const snapshots: number[] = [];
  const stop = discovery.on('attempt', (attempt) => attempts.push(attempt));
  discovery.on('snapshot', ({ instances }) => snapshots.push(instances.length));
  await answer(stage, discovery, '/x');
  expect(attempts).toMatchObject([
    { service: 'orders', method: 'GET', path: '/x', phase: 'headers', outcome: { is: 'status', status: 200 } },
  ]);
  stop();
  await answer(stage, discovery);
  expect(attempts).toHaveLength(1);
  stage.registry.remove(stage.orders[0]!);
  await stage.clock.advance(10);
  expect(snapshots).toEqual([2]);
  expect(() => discovery.on('nonsense' as 'attempt', () => undefined)).toThrow(/must be one of snapshot/);
  await closed(stage, discovery);
});

test('events and metrics tell of retries, ejections, panic, and picks that found nobody', async () => {
  const stage = await scene();
  const discovery = await stage.open();
  const told: string[] = [];
  discovery.on('retry', ({ reason }) => told.push(`retry ${reason}`));
  discovery.on('panic', ({ service, on }) => told.push(`panic ${service} ${on}`));
  discovery.on('pick-failed', ({ service, tried }) => told.push(`pick-failed ${service} ${tried}`));
  for (const instance of stage.orders) stage.network.fault(instance, 'refuse');
  for (let call = 0; call < 4; call++) await answer(stage, discovery);
  expect(new Set(told)).toEqual(new Set(['retry unsent', 'panic orders true', 'pick-failed orders 0']));
  const metric = (name: string): number =>
    discovery.metrics().reduce((sum, { name: own, value }) => (own === name ? sum + value : sum), 0);
  expect(metric('heureka_ejections_total')).toBe(3);
  expect(metric('heureka_instances_eligible')).toBe(0);
  expect(metric('heureka_instance_active')).toBe(0);
  await closed(stage, discovery);
});

test('watch gives what is there, then each change, and ends with close', async () => {
  const stage = await scene();
  const discovery = await stage.open();
  const seen: number[] = [];
  const watching = (async () => {
    for await (const { instances } of discovery.watch('orders')) seen.push(instances.length);
  })();
  await stage.clock.advance(10);
  stage.registry.remove(stage.orders[0]!);
  await stage.clock.advance(10);
  expect(seen).toEqual([3, 2]);
  await closed(stage, discovery);
  await watching;
});

test('pick gives a balanced instance to callers with a client of their own', async () => {
  const stage = await scene();
  const discovery = await stage.open();
  const picked = discovery.pick('orders', { exclude: [stage.orders[0]!.id, stage.orders[1]!.id] });
  expect(picked?.instance.port).toBe(9_002);
  picked?.settle('ok', 5);
  picked?.settle('failed');
  expect(discovery.inspect('orders').instances.every(({ inflight }) => inflight === 0)).toBe(true);
  expect(discovery.pick('orders', { exclude: stage.orders.map(({ id }) => id) })).toBeUndefined();
  expect(discovery.pick('nobody')).toBeUndefined();
  await closed(stage, discovery);
});

test('metrics count calls by outcome, and name what is known', async () => {
  const stage = await scene();
  const discovery = await stage.open();
  for (let call = 0; call < 5; call++) await answer(stage, discovery);
  const value = (name: string, labels: object = {}): number | undefined =>
    discovery
      .metrics()
      .find(
        (metric) => metric.name === name && Object.entries(labels).every(([key, text]) => metric.labels[key] === text),
      )?.value;
  expect(value('heureka_calls_total', { service: 'orders', outcome: 'success' })).toBe(5);
  expect(value('heureka_registry_instances')).toBe(3);
  expect(value('heureka_calls_active', { service: 'orders' })).toBe(0);
  await closed(stage, discovery);
});

test('after close calls end as ERR_CLOSED, and close is one thing however often it is asked', async () => {
  const stage = await scene();
  const discovery = await stage.open();
  await closed(stage, discovery);
  expect(discovery.close()).toBe(discovery.close());
  expect(await answer(stage, discovery)).toBe('ERR_CLOSED');
  await expect(discovery.register({ app: 'x', port: 1 })).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  await expect(discovery.ready()).resolves.toBeUndefined();
});

test('a signal ends it: before the start with its reason, later by closing', async () => {
  const stage = await scene();
  await expect(stage.open({ signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
  const ending = new AbortController();
  const discovery = await stage.open({ signal: ending.signal });
  ending.abort();
  await stage.clock.advance(30_000);
  expect(await answer(stage, discovery)).toBe('ERR_CLOSED');
});

test('all options that are wrong are named at once, those of services too', async () => {
  const bad = { start: 'soon', services: { orders: { connectMs: -1, policy: 'best' } } } as unknown as DiscoveryOptions;
  const error = await createDiscovery(bad).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(OptionsError);
  expect((error as OptionsError).problems.map(({ option }) => option)).toEqual([
    'start',
    'services.orders.policy',
    'services.orders.connectMs',
  ]);
});

test('a source of one’s own takes the registry’s place, and cannot be registered with', async () => {
  const stage = await scene();
  const discovery = await createDiscovery({
    start: 'wait',
    source: {
      async open(handler) {
        handler.snapshot(stage.orders);
      },
    },
  });
  expect(discovery.instances('orders')).toHaveLength(3);
  await expect(discovery.register({ app: 'x', port: 1 })).rejects.toBeInstanceOf(OptionsError);
  await expect(discovery.registerServer(createServer(), {})).rejects.toBeInstanceOf(DiscoveryError);
  await discovery.close();
});
