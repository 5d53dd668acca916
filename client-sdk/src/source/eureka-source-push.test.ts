import { expect, test } from 'vitest';
import { anInfo } from './fake-registry.fixture.ts';
import { cart, following, i1, i2 } from './following.fixture.ts';

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

test('under a push the poll asks each 60 s what is missing, and finds nothing', async () => {
  const { api, clock, server } = await following(['ours']);
  await clock.advance(60_000);
  server.put(cart);
  await clock.advance(60_000);
  expect(api.calls).toEqual(['all', 'stream e0.3', 'since e0.3', 'since e0.4']);
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

test('a stream stays open while the list under it is fetched twice', async () => {
  const { api, clock, server } = await following(['ours']);
  api.latencyMs = () => 1_000;
  server.say({ is: 'reset', cursor: server.cursor });
  await clock.advance(1_500);
  server.say({ is: 'reset', cursor: server.cursor });
  await clock.advance(10_000);
  expect(api.calls).toEqual(['all', 'stream e0.3', 'all', 'all']);
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
  // With a filter, no hash would tell.
  const { api, clock, server, ids } = await following(['ours'], { subscribe: ['orders'] });
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

test('a stream that begins with a reset stands: the list is fetched anew, and what follows is pushed', async () => {
  const { server, ids, told, clock } = await following(['ours']);
  // Whatever cursor a stream is resumed from, the server knows nothing before it.
  server.forgotten = 1_000;
  server.endStreams('lost');
  await clock.advance(20_000);
  expect(told.at(-1)).toEqual({ url: 'http://r0/eureka', mode: 'push' });
  server.put(cart);
  await clock.advance(100);
  expect(ids('cart')).toEqual(['c1']);
});
