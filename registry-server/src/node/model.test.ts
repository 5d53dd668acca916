/**
 * Registrations, beats, cancels, overrides, expiries, crashes and faults in any order, against a model that knows only this: an instance lives
 * if its last acknowledged sign of life is later than its last acknowledged cancel, and it was not silent for a lease while the store ran.
 */
import { systemClock } from '@heureka/client-sdk/runtime';
import { FakeClock } from '@heureka/client-sdk/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../../../test/helpers/redis-server.ts';
import { instanceKey } from '../store/instance-key.ts';
import { copiedState } from '../store/memory/copied-state.fixture.ts';
import { emptyState, type MemoryState } from '../store/memory/memory-state.ts';
import { MemoryStore } from '../store/memory/memory-store.ts';
import { keyList, redisKeys } from '../store/redis/keys.ts';
import { redisControl } from '../store/redis/redis-control.contract.ts';
import { redisStore } from '../store/redis/redis-store.ts';
import { CONTEXT, cancel, ids, register } from './scene.fixture.ts';
import { type Ground, World } from './world.fixture.ts';

const IDS = ['i1', 'i2', 'i3', 'i4'] as const;

interface Expected {
  alive: boolean;
  /** The node that it speaks to. */
  home: number;
  override: 'OUT_OF_SERVICE' | 'DOWN' | undefined;
  /** It was evicted with an override, which a restored copy may bring back: an eviction is no word on that, as a cancel is. */
  eitherStatus: boolean;
}

class Model {
  readonly instances = new Map<string, Expected>(
    IDS.map((id) => [id, { alive: false, home: 0, override: undefined, eitherStatus: false }]),
  );
  readonly connected = [true, true];
  saved = false;
  /** Leases that were waited for, 45 s each. */
  leases = 0;

  get whole(): boolean {
    return this.connected.every(Boolean);
  }

  /** Cancels are remembered for ten minutes: within them all is promised, so a story is not longer. */
  get timeLeft(): boolean {
    return this.leases < 9;
  }

  living(): string[] {
    return IDS.filter((id) => this.instances.get(id)!.alive);
  }
}

type Act = fc.AsyncCommand<Model, World>;

abstract class Step implements Act {
  check(_: Readonly<Model>): boolean {
    return true;
  }
  async run(model: Model, world: World): Promise<void> {
    await this.act(model, world);
    await world.ground.rest(60);
    await beats(model, world);
    await world.ground.rest(200);
    if (model.whole) agrees(model, world);
  }
  abstract act(model: Model, world: World): Promise<void>;
}

/** Everybody alive beats where it is known. */
async function beats(model: Model, world: World, except?: string): Promise<void> {
  for (const id of model.living()) {
    if (id === except) continue;
    const { home } = model.instances.get(id)!;
    expect([id, await world.sites[home]!.registry.renew(CONTEXT, 'BILLING', id, {})]).toEqual([id, { is: 'done' }]);
  }
}

/** Longer than a lease passes, and everybody beats but one. */
async function lease(model: Model, world: World, except?: string): Promise<void> {
  model.leases++;
  for (let step = 0; step < 4; step++) {
    await world.ground.age();
    await beats(model, world, except);
    await world.ground.rest(200);
  }
  await world.ground.rest(2_500);
}

function agrees(model: Model, { sites }: World): void {
  for (const site of sites) {
    expect(ids(site)).toEqual(model.living());
    for (const id of model.living()) {
      const { override = 'UP', eitherStatus } = model.instances.get(id)!;
      if (eitherStatus) continue;
      expect([id, site.node.held(instanceKey('BILLING', id))?.record.info.status]).toEqual([id, override]);
    }
  }
}

class Register extends Step {
  constructor(
    readonly node: number,
    readonly id: string,
  ) {
    super();
  }
  // In a full partition two nodes would tell different stories of one instance: what it says last at one of them counts.
  override check({ whole, instances }: Model): boolean {
    return whole || !instances.get(this.id)!.alive || instances.get(this.id)!.home === this.node;
  }
  override async act({ instances }: Model, world: World): Promise<void> {
    const registered = register(world.sites[this.node]!, this.id);
    await world.ground.rest(60);
    expect(await registered).toEqual({ is: 'done' });
    Object.assign(instances.get(this.id)!, { alive: true, home: this.node });
  }
  override toString = (): string => `register ${this.id} at ${this.node}`;
}

class Cancel extends Step {
  constructor(
    readonly node: number,
    readonly id: string,
  ) {
    super();
  }
  // A node that follows the store remembers no cancel of what neither it nor the store knows.
  override check({ whole, instances, connected }: Model): boolean {
    return whole || instances.get(this.id)!.home === this.node || !connected[this.node];
  }
  override async act({ instances }: Model, world: World): Promise<void> {
    const cancelled = cancel(world.sites[this.node]!, this.id);
    await world.ground.rest(60);
    await cancelled;
    Object.assign(instances.get(this.id)!, { alive: false, override: undefined, eitherStatus: false });
  }
  override toString = (): string => `cancel ${this.id} at ${this.node}`;
}

class Override extends Step {
  constructor(
    readonly id: string,
    readonly status: 'OUT_OF_SERVICE' | 'DOWN',
  ) {
    super();
  }
  override check({ instances }: Model): boolean {
    return instances.get(this.id)!.alive;
  }
  override async act({ instances }: Model, world: World): Promise<void> {
    const held = instances.get(this.id)!;
    const set = world.sites[held.home]!.registry.overrideStatus(CONTEXT, 'BILLING', this.id, this.status);
    await world.ground.rest(60);
    expect(await set).toEqual({ is: 'done' });
    Object.assign(held, { override: this.status, eitherStatus: false });
  }
  override toString = (): string => `override ${this.id} ${this.status}`;
}

/** One falls silent for longer than its lease, while the others beat. */
class Expire extends Step {
  constructor(readonly id: string) {
    super();
  }
  // What a node alone hears, the other one ends: that is told apart only when they meet.
  override check({ whole, instances, timeLeft }: Model): boolean {
    return whole && timeLeft && instances.get(this.id)!.alive;
  }
  override async act(model: Model, world: World): Promise<void> {
    await lease(model, world, this.id);
    const held = model.instances.get(this.id)!;
    const eitherStatus = held.eitherStatus || held.override !== undefined;
    Object.assign(held, { alive: false, override: undefined, eitherStatus });
  }
  override toString = (): string => `${this.id} falls silent`;
}

class Cut extends Step {
  constructor(readonly node: number) {
    super();
  }
  override check({ connected }: Model): boolean {
    return connected[this.node]!;
  }
  override async act({ connected }: Model, world: World): Promise<void> {
    await world.cut(this.node);
    connected[this.node] = false;
  }
  override toString = (): string => `cut ${this.node}`;
}

class Heal extends Step {
  constructor(readonly node: number) {
    super();
  }
  override check({ connected }: Model): boolean {
    return !connected[this.node];
  }
  override async act({ connected }: Model, world: World): Promise<void> {
    await world.heal(this.node);
    connected[this.node] = true;
    await world.ground.rest(1_000);
  }
  override toString = (): string => `heal ${this.node}`;
}

class Crash extends Step {
  constructor(readonly node: number) {
    super();
  }
  // What a node alone acknowledged dies with it, as its documentation says.
  override check({ whole }: Model): boolean {
    return whole;
  }
  override async act(_: Model, world: World): Promise<void> {
    await world.crash(this.node);
  }
  override toString = (): string => `crash ${this.node}`;
}

class Save extends Step {
  override check({ whole }: Model): boolean {
    return whole;
  }
  override async act(model: Model, world: World): Promise<void> {
    await world.ground.save();
    model.saved = true;
  }
  override toString = (): string => 'save';
}

class Exchange extends Step {
  constructor(readonly how: 'empty' | 'restore') {
    super();
  }
  override check({ saved, timeLeft }: Model): boolean {
    return timeLeft && (this.how === 'empty' || saved);
  }
  override async act(model: Model, world: World): Promise<void> {
    await world.exchange(
      this.how,
      [0, 1].filter((index) => model.connected[index]),
    );
    // Whose lease had ended may be in what is restored: it has one more lease, as nobody can know that no node hears it.
    await lease(model, world);
  }
  override toString = (): string => (this.how === 'empty' ? 'the store is emptied' : 'the store is restored');
}

const node = fc.nat(1);
const id = fc.constantFrom(...IDS);
const commands = (maxCommands: number): fc.Arbitrary<Iterable<Act>> =>
  fc.commands(
    [
      fc.tuple(node, id).map((args) => new Register(...args)),
      fc.tuple(node, id).map((args) => new Register(...args)),
      fc.tuple(node, id).map((args) => new Cancel(...args)),
      fc.tuple(id, fc.constantFrom('OUT_OF_SERVICE' as const, 'DOWN' as const)).map((args) => new Override(...args)),
      id.map((one) => new Expire(one)),
      node.map((index) => new Cut(index)),
      node.map((index) => new Heal(index)),
      node.map((index) => new Heal(index)),
      node.map((index) => new Crash(index)),
      fc.constant(new Save()),
      fc.constantFrom('empty' as const, 'restore' as const).map((how) => new Exchange(how)),
    ],
    { maxCommands, size: 'max' },
  );

async function holds(acts: Iterable<Act>, ground: Ground): Promise<void> {
  const world = await World.begin(ground);
  try {
    await fc.asyncModelRun(() => ({ model: new Model(), real: world }), acts);
  } finally {
    await world.end();
  }
}

class MemoryGround implements Ground {
  readonly clock = new FakeClock();
  #state: MemoryState = emptyState();
  #store = new MemoryStore({ clock: this.clock, state: this.#state });
  #saved: MemoryState | undefined;

  /** Whatever the store is now: it may be another one tomorrow. */
  open(): MemoryStore {
    const current = (): MemoryStore => this.#store;
    return new Proxy(this.#store, {
      get: (_, name: keyof MemoryStore) => {
        const member = current()[name] as unknown;
        return typeof member === 'function' ? member.bind(current()) : member;
      },
    });
  }
  rest(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }
  age(): Promise<void> {
    return this.clock.advance(10_000);
  }
  async empty(): Promise<void> {
    this.#put(emptyState());
  }
  async save(): Promise<void> {
    this.#saved = copiedState(this.#state);
  }
  async restore(): Promise<void> {
    this.#put(copiedState(this.#saved!));
  }
  async end(): Promise<void> {}

  #put(state: MemoryState): void {
    this.#state = state;
    this.#store = new MemoryStore({ clock: this.clock, state });
  }
}

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());

class RedisGround implements Ground {
  static spaces = 0;
  readonly clock = systemClock;
  readonly #namespace = `model-${++RedisGround.spaces}`;
  readonly #client = redis.client();
  #saved: readonly (readonly [key: string, value: Buffer])[] = [];

  open(): ReturnType<typeof redisStore> {
    return redisStore({ clock: systemClock, url: redis.url, namespace: this.#namespace });
  }
  rest(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }
  async age(): Promise<void> {
    await redisControl(this.#client, this.#namespace).passTime(10_000);
  }
  async empty(): Promise<void> {
    await this.#client.del(...keyList(redisKeys(this.#namespace)));
  }
  async save(): Promise<void> {
    const keys = keyList(redisKeys(this.#namespace));
    const values = await Promise.all(keys.map((key) => this.#client.dumpBuffer(key)));
    this.#saved = keys.flatMap((key, index) => {
      const value = values[index];
      return value ? [[key, value] as const] : [];
    });
  }
  async restore(): Promise<void> {
    const all = this.#client.multi().del(...keyList(redisKeys(this.#namespace)));
    for (const [key, value] of this.#saved) all.restore(key, 0, value);
    await all.exec();
  }
  async end(): Promise<void> {
    this.#client.disconnect();
  }
}

test('whatever happens in whatever order, nodes on the embedded store list exactly who lives', async () => {
  await fc.assert(
    fc.asyncProperty(commands(40), (acts) => holds(acts, new MemoryGround())),
    { numRuns: 150 },
  );
}, 120_000);

test('the same on Redis, a few times as it takes real seconds', async () => {
  await fc.assert(
    fc.asyncProperty(commands(12), (acts) => holds(acts, new RedisGround())),
    { numRuns: 4, endOnFailure: true },
  );
}, 240_000);
