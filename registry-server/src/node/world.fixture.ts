/** Two nodes on one store, and what may happen to them: the real side of the model-based tests, on either store. */
import type { Clock } from '@heureka/client-sdk/runtime';
import { seededRandom } from '@heureka/client-sdk/runtime';
import { EurekaRegistry } from '../registry/eureka-registry.ts';
import type { RegistryStore } from '../store/registry-store.ts';
import { FaultyStore } from './faulty-store.fixture.ts';
import { RegistryNode } from './registry-node.ts';
import type { Site } from './scene.fixture.ts';

const UNLIMITED = { maxInstances: Number.POSITIVE_INFINITY, maxInstancesPerApp: Number.POSITIVE_INFINITY };

/** What a store's test brings: time that it moves, and a store that can be emptied and put back. */
export interface Ground {
  readonly clock: Clock;
  /** Another connection to the same registry. */
  open(): RegistryStore;
  /** A little time, in which nodes flush, tail and tick. */
  rest(ms: number): Promise<void>;
  /** Ten seconds of lease clock. */
  age(): Promise<void>;
  empty(): Promise<void>;
  save(): Promise<void>;
  /** What was saved last is all that there is. */
  restore(): Promise<void>;
  end(): Promise<void>;
}

export class World {
  readonly ground: Ground;
  readonly sites: Site[] = [];
  readonly #all: RegistryNode[] = [];
  #names = 0;

  private constructor(ground: Ground) {
    this.ground = ground;
  }

  static async begin(ground: Ground): Promise<World> {
    const world = new World(ground);
    for (let index = 0; index < 2; index++) world.sites.push(await world.#start());
    return world;
  }

  /** Where node `index` stands alone; the other one keeps what it has. */
  async cut(index: number): Promise<void> {
    this.sites[index]!.store.away = true;
    await this.ground.rest(3_000);
  }

  async heal(index: number): Promise<void> {
    this.sites[index]!.store.away = false;
    await this.ground.rest(2_500);
  }

  /** The node is gone without a word; one of its kind is started. */
  async crash(index: number): Promise<void> {
    this.sites[index]!.store.away = true;
    this.sites[index] = await this.#start();
  }

  /** The store is another one than before; connections break. */
  async exchange(how: 'empty' | 'restore', connected: readonly number[]): Promise<void> {
    for (const index of connected) this.sites[index]!.store.away = true;
    await this.ground[how]();
    for (const index of connected) this.sites[index]!.store.away = false;
    await this.ground.rest(2_500);
  }

  async end(): Promise<void> {
    const stopped = Promise.all(this.#all.map((node) => node.stop()));
    await this.ground.rest(2_000);
    await stopped;
    await this.ground.end();
  }

  async #start(): Promise<Site> {
    const id = `node-${++this.#names}`;
    const { clock } = this.ground;
    const store = new FaultyStore(this.ground.open());
    const node = new RegistryNode({
      ...{ store, clock, id, url: '', foundingWaitMs: 0 },
      random: seededRandom(this.#names),
    });
    this.#all.push(node);
    const started = node.start();
    await this.ground.rest(50);
    await started;
    return { node, store, registry: new EurekaRegistry(node, (name) => node.findById(name), UNLIMITED) };
  }
}
