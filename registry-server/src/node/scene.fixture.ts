/** Nodes in one process on one embedded store, under a clock that a test moves. */
import { seededRandom } from '@heureka/client-sdk/runtime';
import { FakeClock } from '@heureka/client-sdk/testing';
import { EurekaRegistry } from '../registry/eureka-registry.ts';
import { anInfo } from '../registry/records.fixture.ts';
import type { Answer } from '../registry/registry.ts';
import type { RequestContext } from '../registry/request-context.ts';
import { copiedState } from '../store/memory/copied-state.fixture.ts';
import { emptyState, type MemoryState } from '../store/memory/memory-state.ts';
import { MemoryStore } from '../store/memory/memory-store.ts';
import { FaultyStore } from './faulty-store.fixture.ts';
import type { NodeEvent } from './node-events.ts';
import { RegistryNode } from './registry-node.ts';

const UNLIMITED = { maxInstances: Number.POSITIVE_INFINITY, maxInstancesPerApp: Number.POSITIVE_INFINITY };

export const CONTEXT: RequestContext = {
  principal: 'anonymous',
  address: '127.0.0.1',
  requestId: 'r',
  replication: false,
};
/** Beats each 10 s, gone after 30. */
export const LEASE = { ...anInfo().leaseInfo, renewalIntervalInSecs: 10, durationInSecs: 30 };

export class Scene {
  readonly clock = new FakeClock();
  readonly state: MemoryState = emptyState();
  readonly truth = new MemoryStore({ clock: this.clock, state: this.state });
  readonly events: NodeEvent[] = [];
  readonly #nodes: RegistryNode[] = [];

  async node(id: string, store = new FaultyStore(this.truth)): Promise<Site> {
    const random = seededRandom(id.charCodeAt(0));
    const node = new RegistryNode({ store, clock: this.clock, random, id, url: '', foundingWaitMs: 0 });
    node.onEvent((event) => this.events.push(event));
    this.#nodes.push(node);
    const started = node.start();
    await this.clock.advance(0);
    await started;
    return { node, store, registry: new EurekaRegistry(node, (name) => node.findById(name), UNLIMITED) };
  }

  /** A store with all that the first one holds now, such as a restored dump. */
  copy(): MemoryStore {
    return new MemoryStore({ clock: this.clock, state: copiedState(this.state) });
  }

  /** Time passes while these instances beat every 10 s at this node. */
  async pass(ms: number, beating?: { registry: EurekaRegistry; ids: readonly string[] }): Promise<void> {
    for (let passed = 0; passed < ms; passed += 10_000) {
      for (const id of beating?.ids ?? []) beating?.registry.renew(CONTEXT, 'BILLING', id, {});
      await this.clock.advance(Math.min(10_000, ms - passed));
    }
  }

  async settled<T>(work: Promise<T>): Promise<T> {
    await this.clock.advance(50);
    return work;
  }

  /** Sentences about what went wrong. */
  faults(): readonly string[] {
    return this.events.flatMap((event) => (event.kind === 'fault' ? [event.sentence] : []));
  }

  async end(): Promise<void> {
    const stopped = Promise.all(this.#nodes.map((node) => node.stop()));
    await this.clock.advance(10_000);
    await stopped;
  }
}

export interface Site {
  readonly node: RegistryNode;
  readonly store: FaultyStore;
  readonly registry: EurekaRegistry;
}

export function register({ registry }: Site, id: string, more = {}): Promise<Answer> {
  return registry.register(CONTEXT, anInfo({ instanceId: id, leaseInfo: LEASE, ...more }));
}

export function cancel({ registry }: Site, id: string): Promise<Answer> {
  return registry.cancel(CONTEXT, 'BILLING', id);
}

/** Ids that this node lists, in order. */
export function ids({ node }: Site): string[] {
  return [...node.replica.all()].map(({ id }) => id).sort();
}
