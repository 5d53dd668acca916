import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { METRICS } from '../observe/metrics.ts';
import { anInstance } from '../testing/an-instance.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { MemoryNetwork } from '../testing/memory-network.ts';
import { createTestDiscovery } from '../testing/test-discovery.ts';
import { TestRegistry } from '../testing/test-registry.ts';
import { collectDiscovery } from './index.ts';

test('a scrape shows every metric, with help, and a histogram that adds up', async () => {
  const clock = new FakeClock();
  const testRegistry = new TestRegistry(clock);
  const network = new MemoryNetwork(clock);
  const orders = anInstance({ app: 'orders' });
  testRegistry.add(orders);
  network.serve(orders);
  const opening = createTestDiscovery({ clock, testRegistry, network });
  await clock.advance(10);
  const discovery = await opening;
  const called = discovery.request({ service: 'orders', path: '/' }).then(({ body }) => body.dump());
  await clock.advance(10);
  await called;

  const registry = new Registry();
  const stop = collectDiscovery(discovery, registry);
  const text = await registry.metrics();
  for (const [name, { help, type }] of METRICS) {
    expect(text).toContain(`# HELP ${name} ${help}`);
    expect(text).toContain(`# TYPE ${name} ${type}`);
  }
  expect(text).toContain('heureka_calls_total{service="orders",outcome="success"} 1');
  expect(text).toContain('heureka_response_seconds_bucket{service="orders",le="+Inf"} 1');
  expect(text).toContain('heureka_response_seconds_count{service="orders"} 1');
  expect(discovery.metrics().every(({ name }) => METRICS.has(name))).toBe(true);

  stop();
  expect(await registry.metrics()).not.toContain('heureka');
  const closing = discovery.close();
  await clock.advance(30_000);
  await closing;
});
