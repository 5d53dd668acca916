import { expect, test } from 'vitest';
import { anInfo } from './fake-registry.fixture.ts';
import { cart, following, i1, i2 } from './following.fixture.ts';

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

test('an unchanged instance stays the same object through full lists and deltas', async () => {
  const { cache, clock, server } = await following(['stock']);
  const before = cache.service('orders');
  server.put(i1);
  server.wrongHash = 'UP_9_';
  await clock.advance(30_000);
  expect(cache.service('orders')).toBe(before);
});

test('without push, our server is polled by cursor', async () => {
  const { api, clock, server, ids } = await following(['ours'], { push: false });
  server.put(cart);
  await clock.advance(60_000);
  expect(api.calls).toEqual(['all', 'since e0.3', 'since e0.4']);
  expect(ids('cart')).toEqual(['c1']);
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
