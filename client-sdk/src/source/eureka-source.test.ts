import { expect, onTestFinished, test } from 'vitest';
import type { DiscoveryEvents } from '../api.ts';
import { ServiceCache } from '../cache/service-cache.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { EurekaSource, type EurekaSourceOptions } from './eureka-source.ts';
import { anInfo, FakeRegistryApi, FakeServer } from './fake-registry.fixture.ts';

const i1 = anInfo({ instanceId: 'i1', ipAddr: '10.0.0.1' });
const i2 = anInfo({ instanceId: 'i2', ipAddr: '10.0.0.2' });
const cart = anInfo({ app: 'CART', instanceId: 'c1', ipAddr: '10.0.1.1' });

/** A source that follows the given servers into a cache; chance is always one half, so no pause varies. */
async function following(
  kinds: readonly ('ours' | 'stock')[],
  options: Partial<EurekaSourceOptions> = {},
  prepare: (servers: readonly FakeServer[]) => void = ([first]) => first!.put(i1, i2),
) {
  const clock = new FakeClock();
  const servers = kinds.map((kind, at) => new FakeServer(`http://r${at}/eureka`, kind, clock, `e${at}`));
  prepare(servers);
  const api = new FakeRegistryApi(servers, clock);
  const source = new EurekaSource({ api, clock, random: () => 0.5, pollMs: 30_000, push: true, ...options });
  const cache = new ServiceCache({ clock });
  const told: DiscoveryEvents['source'][] = [];
  const warnings: DiscoveryEvents['warning'][] = [];
  source.onSource((event) => told.push(event));
  source.onWarning((event) => warnings.push(event));
  const stopping = new AbortController();
  const closed = source.open(cache, stopping.signal);
  const close = async (): Promise<void> => {
    stopping.abort();
    await closed;
  };
  onTestFinished(close);
  await clock.advance(0);
  const ids = (service: string): string[] => cache.service(service).instances.map(({ id }) => id);
  return { clock, servers, server: servers[0]!, api, source, cache, told, warnings, ids, close };
}

test('a stock server is asked for everything once, and then for deltas', async () => {
  const { api, clock, server, ids, told } = await following(['stock']);
  expect(ids('orders')).toEqual(['i1', 'i2']);
  server.remove(i1);
  server.put(cart);
  await clock.advance(30_000);
  expect(ids('orders')).toEqual(['i2']);
  expect(ids('cart')).toEqual(['c1']);
  expect(api.calls).toEqual(['all', 'delta']);
  expect(told).toEqual([{ url: 'http://r0/eureka', mode: 'poll' }]);
});

test('a delta whose hash does not match is followed by a full list in the same turn', async () => {
  const { api, clock, server, ids } = await following(['stock']);
  server.wrongHash = 'DOWN_1_';
  server.put(cart);
  await clock.advance(30_000);
  expect(api.calls).toEqual(['all', 'delta', 'all']);
  expect(ids('cart')).toEqual(['c1']);
});

test('our server pushes, from the cursor of the list', async () => {
  const { api, server, ids, told, clock } = await following(['ours']);
  expect(api.calls).toEqual(['all', 'stream e0.3']);
  server.put(cart);
  server.remove(i1);
  expect([ids('orders'), ids('cart')]).toEqual([['i2'], ['c1']]);
  expect(told.at(-1)).toEqual({ url: 'http://r0/eureka', mode: 'push' });
  await clock.advance(100);
  expect(api.calls).toHaveLength(2);
});

test('an unchanged instance stays the same object through full lists and deltas', async () => {
  const { cache, clock, server } = await following(['stock']);
  const before = cache.service('orders');
  server.put(i1);
  server.wrongHash = 'UP_9_';
  await clock.advance(30_000);
  expect(cache.service('orders')).toBe(before);
});

test('under a push the poll asks each 60 s what is missing, and finds nothing', async () => {
  const { api, clock, server } = await following(['ours']);
  await clock.advance(60_000);
  server.put(cart);
  await clock.advance(60_000);
  expect(api.calls).toEqual(['all', 'stream e0.3', 'since e0.3', 'since e0.4']);
});

test('without push, our server is polled by cursor', async () => {
  const { api, clock, server, ids } = await following(['ours'], { push: false });
  server.put(cart);
  await clock.advance(60_000);
  expect(api.calls).toEqual(['all', 'since e0.3', 'since e0.4']);
  expect(ids('cart')).toEqual(['c1']);
});

test('an event at or below the position is dropped', async () => {
  const { server, ids } = await following(['ours']);
  const old = server.since('e0.1', [])!;
  server.remove(i1);
  server.say({ is: 'delta', listed: old });
  expect(ids('orders')).toEqual(['i2']);
});

test('a gap asks what is missing, and events in between wait for the answer', async () => {
  const { api, clock, server, ids } = await following(['ours']);
  api.latencyMs = () => 10;
  server.holdsPushes = true;
  server.remove(i1);
  server.say({ is: 'gap', cursor: server.cursor });
  server.put(cart);
  // Skips the removal: it must not be taken for all that there is.
  server.say({ is: 'delta', listed: { ...server.since('e0.4', [])!, cursor: server.cursor } });
  expect([ids('orders'), ids('cart')]).toEqual([['i1', 'i2'], []]);
  await clock.advance(100);
  expect([ids('orders'), ids('cart')]).toEqual([['i2'], ['c1']]);
  expect(api.calls.slice(2)).toEqual(['since e0.3']);
});

test('what a slow poll brings is dropped when pushes have gone beyond it', async () => {
  const { api, clock, server, ids } = await following(['ours']);
  api.latencyMs = () => 5_000;
  server.holdsPushes = true;
  server.put(cart);
  await clock.advance(60_000);
  expect(api.calls.at(-1)).toBe('since e0.3');
  await clock.advance(5_000);
  server.remove(cart);
  server.push();
  await clock.advance(5_000);
  expect(ids('cart')).toEqual([]);
});

test('a push is not undone by a full list that was on its way', async () => {
  const { api, cache, clock, server, ids } = await following(['ours']);
  const shown: string[][] = [];
  cache.onChange(() => shown.push(ids('orders')));
  api.latencyMs = () => 1_000;
  server.wrongHash = 'UP_9_';
  await clock.advance(63_000);
  expect(api.calls.slice(2)).toEqual(['since e0.3', 'all']);
  server.wrongHash = undefined;
  await clock.advance(500);
  server.remove(i1);
  await clock.advance(5_000);
  expect(shown).toEqual([['i2']]);
});

test('a sign of life does not hide what is still missing', async () => {
  const { api, clock, server, ids } = await following(['ours']);
  api.latencyMs = () => 10;
  server.holdsPushes = true;
  server.remove(i1);
  server.say({ is: 'gap', cursor: server.cursor });
  server.say({ is: 'alive', cursor: server.cursor });
  await clock.advance(100);
  expect(ids('orders')).toEqual(['i2']);
});

test('a sign of life from another epoch says nothing about the list', async () => {
  const { api, cache, clock, server } = await following(['ours']);
  await clock.advance(1_000);
  server.say({ is: 'alive', cursor: 'other.9' });
  expect(cache.ageMs).toBe(1_000);
  server.say({ is: 'alive', cursor: undefined });
  expect(cache.ageMs).toBe(0);
  await clock.advance(59_000);
  expect(api.calls.at(-1)).toBe('since e0.3');
});

test('a cursor is worth nothing at another server, be the epoch the same', async () => {
  const { api, clock, servers, ids } = await following(['ours', 'ours'], { push: false }, ([first, second]) => {
    for (const each of [first!, second!]) each.restart('shared');
    first!.put(i1);
    second!.put(i2);
  });
  servers[0]!.down = true;
  await clock.advance(30_000);
  expect(api.calls).toEqual(['all', 'since shared.2', 'all']);
  expect(ids('orders')).toEqual(['i2']);
});

test('a stock server is fetched whole each 10 min, since its hash only counts', async () => {
  const { api, clock, server, ids } = await following(['stock']);
  // One leaves, one comes, and the delta that says so is lost.
  server.put(anInfo({ instanceId: 'i3', ipAddr: '10.0.0.3' }));
  server.remove(i1);
  server.restart('later');
  await clock.advance(570_000);
  expect(ids('orders')).toEqual(['i1', 'i2']);
  await clock.advance(120_000);
  expect(ids('orders')).toEqual(['i2', 'i3']);
  expect(api.calls.filter((call) => call === 'all')).toHaveLength(2);
});

test('an instance whose address can no longer be used leaves the list', async () => {
  const { clock, server, ids } = await following(['stock']);
  server.put({ ...i1, ipAddr: '', hostName: 'not a host' });
  await clock.advance(30_000);
  expect(ids('orders')).toEqual(['i2']);
});

test('a reset is followed by a full list', async () => {
  const { api, clock, server } = await following(['ours']);
  server.say({ is: 'reset', cursor: server.cursor });
  await clock.advance(0);
  expect(api.calls.slice(2)).toEqual(['all']);
});

test('a sign of life confirms the list and moves the position past what was filtered out', async () => {
  const { api, cache, clock, server } = await following(['ours'], { subscribe: ['orders'] });
  await clock.advance(10_000);
  server.put(cart);
  expect(cache.ageMs).toBe(10_000);
  server.alive();
  expect(cache.ageMs).toBe(0);
  await clock.advance(50_000);
  expect(api.calls.at(-1)).toBe('since e0.4 ORDERS');
});

test('a stream that ends is left for the next server, within 5 s', async () => {
  for (const end of ['bye', 'lost', 'silent'] as const) {
    const { api, clock, servers, told, ids } = await following(['ours', 'ours']);
    servers[1]!.put(i2, cart);
    servers[0]!.endStreams(end);
    await clock.advance(2_499);
    expect(told.at(-1)).toMatchObject({ mode: 'poll' });
    expect(api.calls.slice(2)).toEqual(['moveOn']);
    await clock.advance(1);
    expect(api.calls.slice(3)).toEqual(['all', 'stream e1.3']);
    expect(told.at(-1)).toEqual({ url: 'http://r1/eureka', mode: 'push' });
    expect([ids('orders'), ids('cart')]).toEqual([['i2'], ['c1']]);
  }
});

test('a stream that comes back to the same history asks only for what is missing', async () => {
  const { api, clock, server } = await following(['ours']);
  server.endStreams('lost');
  server.put(cart);
  await clock.advance(2_500);
  expect(api.calls.slice(2)).toEqual(['moveOn', 'since e0.3', 'stream e0.4']);
});

test('streams that do not last are opened ever more seldom, while polls go on', async () => {
  const { api, clock, server } = await following(['ours']);
  const opened: number[] = [];
  for (let n = 0; n < 600; n++) {
    if (server.streams > 0) {
      opened.push(clock.monotonic());
      server.endStreams('lost');
    }
    await clock.advance(1_000);
  }
  const pauses = opened.slice(1).map((at, n) => at - opened[n]!);
  expect(pauses).toEqual([3_000, 5_000, 10_000, 20_000, 40_000, 80_000, 150_000, 150_000]);
  expect(api.calls.filter((call) => call.startsWith('since')).length).toBeGreaterThan(15);
});

test('a server that gives no stream is not left for that', async () => {
  const { api, clock, server } = await following(['ours', 'ours'], {}, ([first, second]) => {
    first!.put(i1);
    second!.put(i1);
    first!.stream = second!.stream = () => {
      throw new Error('no streams here');
    };
  });
  await clock.advance(30_000);
  expect(api.calls).not.toContain('moveOn');
  expect(api.server).toBe(server.url);
});

test('another epoch means a full list', async () => {
  const { api, clock, server } = await following(['ours'], { push: false });
  server.restart('e9');
  await clock.advance(30_000);
  expect(api.calls).toEqual(['all', 'since e0.3', 'all']);
});

test('a registry that restarts empty empties nobody', async () => {
  for (const kind of ['ours', 'stock'] as const) {
    const { clock, server, ids, cache } = await following([kind]);
    server.restartEmpty();
    await clock.advance(30_000);
    expect(ids('orders')).toEqual(['i1', 'i2']);
    server.put(i2);
    await clock.advance(30_000);
    expect(cache.holds('orders', 'i2')).toBe(true);
    await clock.advance(120_000);
    expect(ids('orders')).toEqual(['i2']);
  }
});

test('a failover from ours to a stock server, and back, ends in the list of each', async () => {
  const { api, clock, servers, ids, cache } = await following(['ours', 'stock'], {}, ([ours, stock]) => {
    ours!.put(i1);
    stock!.put(i2);
  });
  servers[0]!.down = true;
  servers[0]!.endStreams('lost');
  await clock.advance(2_500);
  expect(api.calls.slice(2)).toEqual(['moveOn', 'all']);
  expect(cache.holds('orders', 'i2')).toBe(true);
  await clock.advance(30_000);
  expect(api.calls.at(-1)).toBe('delta');

  servers[0]!.down = false;
  servers[1]!.down = true;
  await clock.advance(30_000);
  expect(api.calls.at(-1)).toBe('stream e0.2');
  await clock.advance(180_000);
  expect(ids('orders')).toEqual(['i1']);
});

test('a server whose capability is gone is fetched whole, and then as a stock one', async () => {
  const { api, clock, server } = await following(['ours'], { push: false });
  server.capabilities = { since: false, stream: false };
  await clock.advance(60_000);
  expect(api.calls).toEqual(['all', 'since e0.3', 'all', 'delta']);
});

test('a server without deltas is fetched whole each time', async () => {
  const { api, clock, ids, server } = await following(['stock']);
  server.noDelta = true;
  server.put(cart);
  await clock.advance(60_000);
  expect(api.calls).toEqual(['all', 'delta', 'all', 'delta', 'all']);
  expect(ids('cart')).toEqual(['c1']);
});

test('after three mismatches in a row full lists replace deltas, ever more seldom, with one warning and a try each hour', async () => {
  const { api, clock, server, warnings } = await following(['stock']);
  server.wrongHash = 'UP_77_';
  await clock.advance(90_000);
  expect(api.calls.filter((call) => call === 'delta')).toHaveLength(3);
  api.calls.length = 0;
  const at: number[] = [];
  const start = clock.monotonic();
  for (let second = 0; second < 1_500; second++) {
    const before = api.calls.length;
    await clock.advance(1_000);
    if (api.calls.length > before) at.push((clock.monotonic() - start) / 1_000);
  }
  expect(at).toEqual([30, 90, 210, 450, 750, 1_050, 1_350]);
  expect(new Set(api.calls)).toEqual(new Set(['all']));
  expect(warnings).toMatchObject([{ code: 'DELTA_MISMATCH' }]);

  await clock.advance(2_400_000);
  expect(api.calls.filter((call) => call === 'delta')).toHaveLength(1);
  expect(warnings).toHaveLength(1);

  server.wrongHash = undefined;
  await clock.advance(3_900_000);
  api.calls.length = 0;
  await clock.advance(60_000);
  expect(api.calls).toEqual(['delta', 'delta']);
});

test('deltas of our server that do not lead to its list end the stream too', async () => {
  const { api, clock, server, warnings } = await following(['ours']);
  server.wrongHash = 'UP_9_';
  for (let n = 0; n < 3; n++) {
    expect(server.streams).toBe(1);
    server.put(anInfo({ instanceId: `new${n}` }));
    await clock.advance(5_000);
  }
  expect(warnings).toHaveLength(1);
  expect(server.streams).toBe(0);
  expect(api.calls).toEqual(['all', 'stream e0.3', 'all', 'all', 'all']);
});

test('instances that nobody can read make no hash comparable: deltas go on, with a full list each 5 min', async () => {
  const { api, clock, server } = await following(['stock']);
  server.skipped = 1;
  server.wrongHash = 'UP_3_';
  await clock.advance(600_000);
  expect(api.calls.filter((call) => call === 'all').length).toBeLessThanOrEqual(3);
  expect(api.calls.filter((call) => call === 'delta').length).toBeGreaterThan(15);
});

test('after a silence longer than deltas reach back, only a full list will do', async () => {
  const { api, clock, server } = await following(['stock'], { pollMs: 150_000 });
  server.put(cart);
  await clock.advance(150_000);
  expect(api.calls).toEqual(['all', 'all']);
});

test('while nobody answers, what is known stays, and it is asked with growing pauses', async () => {
  const { api, clock, server, ids, told, cache } = await following(['stock']);
  server.down = true;
  await clock.advance(30_000);
  expect(told.at(-1)).toMatchObject({ mode: 'poll', error: { code: 'ERR_REGISTRY_UNAVAILABLE' } });
  await clock.advance(600_000);
  expect(ids('orders')).toEqual(['i1', 'i2']);
  expect(cache.stale).toBe(true);
  expect(api.calls.length).toBeLessThan(60);
  expect(told).toHaveLength(2);
  server.down = false;
  server.put(cart);
  await clock.advance(16_000);
  expect(ids('cart')).toEqual(['c1']);
  expect(told.at(-1)).toEqual({ url: 'http://r0/eureka', mode: 'poll' });
});

test('a registry that is away at the start is found later', async () => {
  const { clock, server, cache, ids } = await following(['ours'], {}, ([first]) => {
    first!.down = true;
    first!.put(i1);
  });
  await clock.advance(10_000);
  expect(cache.ready).toBe(false);
  server.down = false;
  await clock.advance(20_000);
  expect(ids('orders')).toEqual(['i1']);
});

test('some applications of our server: each by itself, then pushes of these alone', async () => {
  const { api, server, ids } = await following(['ours'], { subscribe: ['orders', 'Stock'] }, ([first]) => {
    first!.put(i1, cart);
  });
  expect(api.calls).toEqual(['delta', 'app ORDERS', 'app STOCK', 'stream e0.3 ORDERS STOCK']);
  server.put(i2, anInfo({ app: 'CART', instanceId: 'c2' }), anInfo({ app: 'STOCK', instanceId: 's1' }));
  expect([ids('orders'), ids('stock'), ids('cart')]).toEqual([['i1', 'i2'], ['s1'], []]);
});

test('what changes between the lists of single applications comes with the stream', async () => {
  const { api, clock, server, ids } = await following(['ours'], { subscribe: ['orders', 'cart'] }, ([first]) => {
    first!.put(i1, cart);
    first!.down = true;
  });
  let requests = 0;
  // Each request takes 100 ms longer than the one before.
  api.latencyMs = () => 100 * requests++;
  server.down = false;
  while (!api.calls.includes('app CART')) await clock.advance(50);
  server.put(i2);
  await clock.advance(300);
  server.remove(i1);
  await clock.advance(5_000);
  expect([ids('orders'), ids('cart')]).toEqual([['i2'], ['c1']]);
  expect(api.calls.filter((call) => call.startsWith('app'))).toEqual(['app ORDERS', 'app CART']);
});

test('applications that two servers answered for are asked again', async () => {
  const { api, clock, servers, ids } = await following(['ours', 'ours'], { subscribe: ['orders', 'cart'] }, (all) => {
    for (const each of all) each.down = true;
    all[0]!.put(i1);
    all[1]!.put(i2, cart);
  });
  const app = servers[0]!.app.bind(servers[0]);
  servers[0]!.app = (name) => {
    servers[0]!.down = true;
    return app(name);
  };
  for (const each of servers) each.down = false;
  await clock.advance(2_000);
  const asked = ['delta', 'app ORDERS', 'app CART'];
  expect(api.calls.filter((call) => !call.startsWith('stream')).slice(-6)).toEqual([...asked, ...asked]);
  expect([ids('orders'), ids('cart')]).toEqual([['i2'], ['c1']]);
});

test('a server that has become ours is taken for what it is, also with few applications', async () => {
  const { api, clock, server } = await following(['stock'], { subscribe: ['orders'] });
  server.capabilities = { since: true, stream: true };
  await clock.advance(30_000);
  expect(api.calls).toEqual(['delta', 'app ORDERS', 'app ORDERS', 'delta', 'app ORDERS', 'stream e0.3 ORDERS']);
});

test('up to eight applications of a stock server are asked for one by one, without delta or hash', async () => {
  const { api, clock, server, ids } = await following(['stock'], { subscribe: ['orders'] }, ([first]) => {
    first!.put(i1, cart);
    first!.wrongHash = 'UP_9_';
  });
  expect(api.calls).toEqual(['delta', 'app ORDERS']);
  server.put(i2);
  await clock.advance(60_000);
  expect(api.calls.slice(2)).toEqual(['app ORDERS', 'app ORDERS']);
  expect([ids('orders'), ids('cart')]).toEqual([['i1', 'i2'], []]);
});

test('more applications of a stock server come from whole deltas, whose hash still counts everything', async () => {
  const names = Array.from({ length: 9 }, (_, n) => `app${n}`);
  const infos = names.map((app) => anInfo({ app: app.toUpperCase() }));
  const { api, clock, server, cache } = await following(['stock'], { subscribe: names }, ([first]) => {
    first!.put(...infos, cart);
  });
  expect(cache.services()).toEqual(names);
  server.put(anInfo({ app: 'CART', instanceId: 'c2' }), anInfo({ app: 'APP3', instanceId: 'new' }));
  server.remove(cart);
  await clock.advance(60_000);
  expect(api.calls).toEqual(['all', 'delta', 'delta']);
  expect(cache.service('app3').instances).toHaveLength(2);
  expect(cache.services()).toEqual(names);
});

test('an application that joins while the list is fetched is not forgotten', async () => {
  const { api, clock, server, source, ids } = await following(['ours'], { subscribe: ['orders'] }, ([first]) => {
    first!.put(i1, cart);
    first!.down = true;
  });
  api.latencyMs = () => 100;
  server.down = false;
  while (!api.calls.includes('app ORDERS')) await clock.advance(50);
  source.include('cart');
  await clock.advance(2_000);
  expect([ids('orders'), ids('cart')]).toEqual([['i1'], ['c1']]);
});

test('our own application can join later, on every kind of server', async () => {
  for (const kind of ['ours', 'stock'] as const) {
    const { clock, server, source, ids } = await following([kind], { subscribe: ['orders'] }, ([first]) => {
      first!.put(i1, cart);
    });
    source.include('Cart');
    source.include('orders');
    await clock.advance(0);
    expect([ids('orders'), ids('cart')]).toEqual([['i1'], ['c1']]);
    server.remove(cart);
    await clock.advance(30_000);
    if (kind === 'ours') expect(ids('cart')).toEqual([]);
    else expect([...ids('cart'), server.streams]).toEqual(['c1', 0]);
  }
});

test('where nothing is wanted yet, nothing is asked', async () => {
  const { api, clock, source, cache, ids } = await following(['ours'], { subscribe: [] });
  expect([api.calls, cache.ready]).toEqual([[], true]);
  source.include('orders');
  await clock.advance(0);
  expect(ids('orders')).toEqual(['i1', 'i2']);
});

test('a list of thousands is taken in turns, so that others run in between', async () => {
  const { clock, server, cache, close } = await following(['stock'], {}, ([first]) => {
    first!.put(
      ...Array.from({ length: 1_000 }, (_, n) => anInfo({ instanceId: `i${n}`, ipAddr: `10.1.${n >> 8}.${n & 255}` })),
    );
    first!.down = true;
  });
  server.down = false;
  // Each look at the clock finds 5 ms gone.
  let looked = 0;
  const monotonic = clock.monotonic.bind(clock);
  clock.monotonic = () => monotonic() + 5 * looked++;
  await clock.advance(10_000);
  expect(cache.service('orders').instances).toHaveLength(1_000);
  await close();
  expect(clock.timers).toBe(0);
});

test('closed, it asks and tells nobody any more', async () => {
  const { api, clock, server, close, ids } = await following(['ours']);
  await close();
  const asked = api.calls.length;
  server.put(cart);
  await clock.advance(600_000);
  expect([ids('cart'), api.calls.length, clock.timers, server.streams]).toEqual([[], asked, 0, 0]);
});

test('it is opened once', async () => {
  const { source, cache } = await following(['ours']);
  await expect(source.open(cache, new AbortController().signal)).rejects.toThrow('open already');
});
