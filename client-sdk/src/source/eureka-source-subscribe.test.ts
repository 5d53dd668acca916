import { expect, test } from 'vitest';
import { anInfo } from './fake-registry.fixture.ts';
import { cart, following, i1, i2 } from './following.fixture.ts';

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
  const { api, cache, clock, servers, ids } = await following(
    ['ours', 'ours'],
    { subscribe: ['orders', 'cart'] },
    (all) => {
      for (const each of all) each.down = true;
      all[0]!.put(i1);
      all[1]!.put(i2, cart);
    },
  );
  const app = servers[0]!.app.bind(servers[0]);
  servers[0]!.app = (name) => {
    servers[0]!.down = true;
    return app(name);
  };
  for (const each of servers) each.down = false;
  const shown = new Set<string>();
  cache.onChange(({ instances }) => {
    for (const { id } of instances) shown.add(id);
  });
  await clock.advance(2_000);
  expect([...shown].sort()).toEqual(['c1', 'i2']);
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
