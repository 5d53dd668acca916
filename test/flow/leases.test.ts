/** SDK and registry server in one process, over real sockets, on one clock that the tests move: what takes minutes takes no time. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Discovery, RegistryOptions } from '@heureka/client-sdk';
import { FakeClock } from '@heureka/client-sdk/testing';
import { createRegistryServer, type RegistryServer, type RegistryServerOptions } from 'heureka-server';
import { afterEach, expect, test } from 'vitest';
import { createDiscoveryOn } from '../../client-sdk/src/discovery-client.ts';
import { SYSTEM } from '../../client-sdk/src/machine.ts';
import { HttpRegistryApi } from '../../client-sdk/src/registry-api/http-registry-api.ts';
import { UndiciHttpClient } from '../../client-sdk/src/transport/registry-http.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

class Scene {
  readonly clock = new FakeClock();
  server!: RegistryServer;

  async start(port = 0, options: RegistryServerOptions = {}): Promise<RegistryServer> {
    const starting = createRegistryServer({ clock: this.clock, data: 'none', port, host: '127.0.0.1', ...options });
    this.server = await this.moving(starting);
    const { server } = this;
    ends.push(() => this.moving(server.close()));
    return server;
  }

  async discovery(given: Partial<RegistryOptions> = {}): Promise<Discovery> {
    const { clock } = this;
    const opening = createDiscoveryOn(
      {
        ...SYSTEM,
        clock,
        process: undefined,
        registry: ({ registry, zone }) => {
          if (registry === undefined) return undefined;
          const http = new UndiciHttpClient();
          return new HttpRegistryApi({ ...registry, zone, http, clock, random: Math.random });
        },
      },
      { registry: { urls: [this.server.url], ...given }, start: 'wait' },
    );
    const discovery = await this.moving(opening);
    ends.push(() => this.moving(discovery.close({ drainMs: 0 })));
    return discovery;
  }

  /** Lets time pass in steps, and sockets have their turns between them. */
  async pass(ms: number, stepMs = 500): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      await this.clock.advance(Math.min(stepMs, ms - passed));
      await pause(1);
    }
  }

  /** Time passes slowly until this has settled. */
  async moving<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const done = (): void => {
      settled = true;
    };
    promise.then(done, done);
    for (let step = 0; step < 2_000 && !settled; step++) {
      await this.clock.advance(10);
      await pause(1);
    }
    return await promise;
  }
}

const REGISTRATION = { port: 1, address: '127.0.0.1', signals: false } as const;

test('a service that keeps beating stays for an hour; one that falls silent is gone 30 s after its last beat, and callers are told at once', async () => {
  const scene = new Scene();
  await scene.start();
  const owner = await scene.discovery();
  const silent = await scene.discovery();
  const caller = await scene.discovery();
  await scene.moving(owner.register({ app: 'orders', ...REGISTRATION }));
  const registration = await scene.moving(silent.register({ app: 'orders', ...REGISTRATION, port: 2 }));
  await scene.pass(3_600_000, 2_000);
  expect(caller.instances('orders')).toHaveLength(2);

  // Without a word, as a process that is killed.
  await (registration as unknown as { stop(): Promise<void> }).stop();
  // Its last beat was up to 10 s ago.
  await scene.pass(18_000);
  expect(caller.instances('orders')).toHaveLength(2);
  await scene.pass(15_000);

  expect(caller.instances('orders').map(({ port }) => port)).toEqual([1]);
}, 60_000);

test('a caller of an empty registry is pushed to from the first registration on', async () => {
  const scene = new Scene();
  await scene.start();
  const caller = await scene.discovery();
  const modes: string[] = [];
  caller.on('source', ({ mode }) => modes.push(mode));
  const owner = await scene.discovery();
  await scene.moving(owner.register({ app: 'orders', ...REGISTRATION }));
  await scene.pass(500, 50);

  expect(caller.instances('orders')).toHaveLength(1);
  expect(modes.at(-1) ?? 'push').toBe('push');
});

test('a status set by an operator reaches callers, survives heartbeats, and ends when it is cleared', async () => {
  const scene = new Scene();
  const { url } = await scene.start();
  const owner = await scene.discovery();
  const caller = await scene.discovery();
  const { instance } = await scene.moving(owner.register({ app: 'orders', ...REGISTRATION }));
  const status = `${url}/apps/ORDERS/${encodeURIComponent(instance.id)}/status`;

  await scene.moving(fetch(`${status}?value=OUT_OF_SERVICE`, { method: 'PUT' }));
  await scene.pass(60_000);
  expect(caller.instances('orders')).toHaveLength(0);

  await scene.moving(fetch(`${status}?value=UP`, { method: 'DELETE' }));
  await scene.pass(2_000);
  expect(caller.instances('orders')).toHaveLength(1);
});

test('a registry that comes back empty after an hour is filled again within one heartbeat, and nobody was missed', async () => {
  const scene = new Scene();
  const { port } = await scene.start();
  const owner = await scene.discovery();
  const caller = await scene.discovery();
  await scene.moving(owner.register({ app: 'orders', ...REGISTRATION }));
  await scene.pass(1_000);
  await scene.moving(scene.server.close());
  await scene.pass(3_600_000, 5_000);
  expect(caller.instances('orders')).toHaveLength(1);

  const { url } = await scene.start(port);
  // Backoff after an hour of failures: half a minute at most.
  await scene.pass(45_000);

  const listed = (await (
    await fetch(`${url}/apps/ORDERS`, { headers: { accept: 'application/json' } })
  ).json()) as object;
  expect(listed).toMatchObject({ application: { instance: [{ status: 'UP' }] } });
  expect(caller.instances('orders')).toHaveLength(1);
}, 60_000);

/** Five of `orders`, put in and taken out by hand: between two polls, so that a caller hears of all in one answer. */
async function fiveOf(scene: Scene, method: 'POST' | 'DELETE'): Promise<void> {
  for (let number = 1; number <= 5; number++) {
    const instance = {
      instanceId: `i${number}`,
      app: 'orders',
      hostName: 'h',
      ipAddr: `10.0.0.${number}`,
      port: { $: 80, '@enabled': 'true' },
      dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
      leaseInfo: { renewalIntervalInSecs: 3_000, durationInSecs: 9_000 },
    };
    const post = { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ instance }) };
    const path = method === 'POST' ? '/apps/orders' : `/apps/orders/i${number}`;
    const asked = fetch(`${scene.server.url}${path}`, { method, ...(method === 'POST' ? post : {}) });
    expect((await scene.moving(asked)).ok).toBe(true);
  }
}

test('a service that is taken down whole is doubted until the registry renews a beat of ours: 90 s for who has none', async () => {
  const scene = new Scene();
  await scene.start();
  await fiveOf(scene, 'POST');
  const beating = await scene.discovery({ push: false, pollMs: 20_000 });
  const silent = await scene.discovery({ push: false, pollMs: 20_000 });
  await scene.moving(beating.register({ app: 'shop', ...REGISTRATION }));
  await scene.pass(45_000);
  const left = (): number[] => [beating, silent].map((discovery) => discovery.instances('orders').length);
  expect(left()).toEqual([5, 5]);

  await fiveOf(scene, 'DELETE');
  await scene.pass(35_000);
  expect(left()).toEqual([0, 5]);
  await scene.pass(100_000);
  expect(left()).toEqual([0, 0]);
});

test('beats renewed by a registry that came back empty, and that had to take us anew, confirm nothing', async () => {
  const scene = new Scene();
  const { port } = await scene.start();
  await fiveOf(scene, 'POST');
  const caller = await scene.discovery({ push: false, pollMs: 20_000 });
  await scene.moving(caller.register({ app: 'shop', ...REGISTRATION }));
  await scene.pass(45_000);
  await scene.moving(scene.server.close());
  await scene.start(port);
  await scene.pass(60_000);

  expect(caller.instances('shop')).toHaveLength(1);
  expect(caller.instances('orders')).toHaveLength(5);
});

test.each([
  { options: { holdTime: 60 }, after40s: 7, after110s: 0 },
  { options: { holdTime: 600 }, after40s: 7, after110s: 7 },
  { options: { holdPopulation: 8 }, after40s: 0, after110s: 0 },
  { options: { selfPreservation: false }, after40s: 0, after110s: 0 },
])(
  'seven that fall silent together, with $options: $after40s are listed 40 s later, $after110s after 110 s',
  async (row) => {
    const scene = new Scene();
    const { url } = await scene.start(0, row.options);
    for (let number = 1; number <= 7; number++) {
      const instance = {
        instanceId: `i${number}`,
        app: 'orders',
        hostName: 'h',
        ipAddr: '10.0.0.1',
        dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
        leaseInfo: { renewalIntervalInSecs: 10, durationInSecs: 30 },
      };
      const body = JSON.stringify({ instance });
      const headers = { 'content-type': 'application/json' };
      const answer = await scene.moving(fetch(`${url}/apps/orders`, { method: 'POST', headers, body }));
      expect(answer.status).toBe(204);
    }
    const listed = async (): Promise<number> => {
      const answer = await fetch(`${url}/apps/ORDERS`, { headers: { accept: 'application/json' } });
      if (answer.status === 404) return 0;
      return ((await answer.json()) as { application: { instance: unknown[] } }).application.instance.length;
    };
    await scene.pass(40_000);
    expect(await listed()).toBe(row.after40s);
    await scene.pass(70_000);
    expect(await listed()).toBe(row.after110s);
  },
);
