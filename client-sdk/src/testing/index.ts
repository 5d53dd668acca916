/** What tests of services need: time that moves by hand, instances, a registry and a network in the same process. */
export { anInstance } from './an-instance.ts';
export { FakeClock } from './fake-clock.ts';
export { type Fault, type MemoryAnswer, MemoryNetwork, type MemoryRequest } from './memory-network.ts';
export { createTestDiscovery, type TestDiscoveryOptions } from './test-discovery.ts';
export { TestRegistry } from './test-registry.ts';
