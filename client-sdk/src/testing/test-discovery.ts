/** Discovery for a test: everything that users have, over a registry and a network in memory, on a clock that the test moves. */
import type { Discovery, DiscoveryOptions } from '../api.ts';
import { createDiscoveryOn } from '../discovery-client.ts';
import type { Clock } from '../runtime/clock.ts';
import { type Random, seededRandom } from '../runtime/random.ts';
import type { MemoryNetwork } from './memory-network.ts';
import type { TestRegistry } from './test-registry.ts';

export interface TestDiscoveryOptions extends DiscoveryOptions {
  readonly clock: Clock;
  readonly testRegistry: TestRegistry;
  readonly network: MemoryNetwork;
  /** Default: a seed that is always the same. */
  readonly random?: Random;
}

/**
 * @example
 * const clock = new FakeClock();
 * const testRegistry = new TestRegistry(clock);
 * const network = new MemoryNetwork(clock);
 * const orders = anInstance({ app: 'orders' });
 * testRegistry.add(orders);
 * network.serve(orders, () => ({ body: 'hello' }));
 * const discovery = await createTestDiscovery({ clock, testRegistry, network });
 */
export function createTestDiscovery(given: TestDiscoveryOptions): Promise<Discovery> {
  const { clock, testRegistry, network, random = seededRandom(1), ...options } = given;
  return createDiscoveryOn(
    {
      clock,
      random,
      environment: {},
      process: undefined,
      registry: () => testRegistry.api(),
      connections: (service) => network.connections(service),
      probe: (instance) => Promise.resolve(network.accepts(instance)),
    },
    options,
  );
}
