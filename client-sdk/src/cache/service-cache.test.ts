import { expect, test } from 'vitest';
import type { Instance } from '../api.ts';
import { anInstance } from '../testing/an-instance.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import type { CachedService } from './instance-cache.ts';
import { ServiceCache } from './service-cache.ts';

/** `orders` instances of 10.0.0.<n>. */
function order(n: number, given: Partial<Instance> = {}): Instance {
  return anInstance({ app: 'orders', id: `o${n}`, address: `10.0.0.${n}`, ...given });
}
const orders = (count: number): Instance[] => Array.from({ length: count }, (_, at) => order(at + 1));
const named = ({ app, id }: Instance) => ({ app, id });

function aCache() {
  const clock = new FakeClock();
  const cache = new ServiceCache({ clock });
  const events: CachedService[] = [];
  cache.onChange((service) => events.push(service));
  const ids = (service = 'orders'): string[] => cache.service(service).instances.map(({ id }) => id);
  return { clock, cache, events, ids };
}

test('a service is the same object until it changes, and old ones stay as they were', () => {
  const { cache } = aCache();
  cache.snapshot([...orders(2), anInstance({ app: 'cart', address: '10.1.0.1' })]);
  const [before, cart] = [cache.service('ORDERS'), cache.service('cart')];
  cache.snapshot([...orders(2).map((instance) => ({ ...instance })), anInstance({ app: 'cart', address: '10.1.0.1' })]);
  expect(cache.service('orders')).toBe(before);
  cache.change([order(3)], []);
  expect(cache.service('cart')).toBe(cart);
  expect(cache.service('orders').instances).toHaveLength(3);
  expect(before.instances).toHaveLength(2);
  expect(() => (before.instances as Instance[]).push(order(9))).toThrow(TypeError);
});

test('what changed is said by id: added, removed, changed, and what left UP is removed', () => {
  const { cache, events } = aCache();
  cache.snapshot(orders(3));
  const moved = order(1, { address: '10.9.9.9' });
  cache.change([moved, order(4), order(2, { status: 'DOWN' })], [named(order(3))]);
  expect(events).toHaveLength(2);
  const { added, removed, changed, instances, all } = events[1]!;
  expect([added, removed, changed]).toEqual([[order(4)], [order(2), order(3)], [moved]]);
  expect(instances).toEqual([moved, order(4)]);
  expect(all).toEqual([moved, order(2, { status: 'DOWN' }), order(4)]);
});

test('each changed service is told once for one report, when all of them are in place', () => {
  const { cache } = aCache();
  const seen: unknown[] = [];
  cache.onChange(({ service }) => {
    seen.push([service, cache.service('orders').instances.length, cache.service('cart').instances.length]);
  });
  cache.snapshot([...orders(2), anInstance({ app: 'cart' })]);
  cache.change([], []);
  expect(seen).toEqual([
    ['orders', 2, 1],
    ['cart', 2, 1],
  ]);
});

test('names are application, then VIP, then secure VIP, whatever their case', () => {
  const { cache, events } = aCache();
  const a = anInstance({ app: 'a', vip: ['Shop', 'front'], secureVip: ['vault'] });
  const b = anInstance({ app: 'b', vip: ['vault', 'shop'], port: 1 });
  cache.snapshot([a, b]);
  expect(cache.service('SHOP').instances).toEqual([a, b]);
  expect(cache.service('vault').instances).toEqual([b]);
  cache.change([], [named(b)]);
  expect(cache.service('VAULT').instances).toEqual([a]);
  const shop = anInstance({ app: 'shop', vip: [], port: 2 });
  events.length = 0;
  cache.change([shop], []);
  expect(cache.service('Shop').instances).toEqual([shop]);
  expect(events).toMatchObject([{ service: 'shop', added: [shop], removed: [a], changed: [] }]);
});

test('a VIP is told of once somebody has asked for it', () => {
  const { cache, events } = aCache();
  const a = anInstance({ app: 'a', vip: ['front'] });
  cache.snapshot([a]);
  expect(events.map(({ service }) => service)).toEqual(['a']);
  cache.service('front');
  cache.change([], [named(a)]);
  expect(events.map(({ service }) => service)).toEqual(['a', 'a', 'front']);
});

test('once listed, a name is known for good; what was never listed is not', () => {
  const { cache } = aCache();
  expect(cache.service('orders').known).toBe(false);
  cache.snapshot([order(1, { vip: ['order-vip'] })]);
  cache.change([], [named(order(1))]);
  expect([cache.everListed('ORDERS'), cache.everListed('Order-VIP'), cache.everListed('cart')]).toEqual([
    true,
    true,
    false,
  ]);
  expect(cache.service('orders')).toMatchObject({ known: true, instances: [] });
  expect(cache.services()).toEqual([]);
});

test('services are named in order, and only while they have instances', () => {
  const { cache } = aCache();
  cache.snapshot([order(1), anInstance({ app: 'cart' })]);
  expect(cache.services()).toEqual(['cart', 'orders']);
  expect(cache.services()).toBe(cache.services());
  cache.change([], [named(order(1))]);
  expect(cache.services()).toEqual(['cart']);
});

test('any number of names that nobody lists cost no more than a bounded memory, and are told of when they appear', () => {
  const { cache, events } = aCache();
  cache.snapshot([]);
  const first = cache.service('host-0');
  expect(cache.service('host-0')).toBe(first);
  for (let n = 1; n <= 1_000; n++) cache.service(`host-${n}`);
  expect(cache.service('host-0')).not.toBe(first);
  cache.change([anInstance({ app: 'a', vip: ['host-0'] })], []);
  expect(events.map(({ service }) => service)).toEqual(['a', 'host-0']);
  expect(cache.service('host-0').instances).toHaveLength(1);
});

test('age is counted from the latest answer by a clock that nobody can set, and makes the list stale', async () => {
  const { cache, clock } = aCache();
  cache.confirmed();
  expect([cache.ready, cache.stale, cache.ageMs]).toEqual([false, true, Number.POSITIVE_INFINITY]);
  cache.snapshot(orders(1));
  const view = cache.service('orders');
  await clock.advance(60_000);
  clock.jump(86_400_000);
  expect([cache.ready, view.stale, view.ageMs]).toEqual([true, false, 60_000]);
  await clock.advance(30_001);
  expect(view.stale).toBe(true);
  cache.confirmed();
  expect([view.stale, view.ageMs, cache.service('orders') === view]).toEqual([false, 0, true]);
});

test('a removal that is named is believed at once', () => {
  const { cache, ids } = aCache();
  cache.snapshot(orders(3));
  cache.change([], orders(2).map(named));
  expect(ids()).toEqual(['o3']);
});

test('an empty list after one that was not empty leaves everybody, unconfirmed', () => {
  const { cache, ids } = aCache();
  cache.snapshot(orders(2));
  cache.snapshot([]);
  expect(ids()).toEqual(['o1', 'o2']);
  expect([...cache.service('orders').unconfirmed]).toEqual(['o1', 'o2']);
  expect(cache.holds('orders', 'o1')).toBe(false);
});

test('instances in doubt come after those listed, and only while the list names fewer than half as many', () => {
  const { cache, ids } = aCache();
  cache.snapshot(orders(5));
  cache.snapshot([order(4), order(5)]);
  expect(ids()).toEqual(['o4', 'o5', 'o1', 'o2', 'o3']);
  expect([...cache.service('orders').unconfirmed]).toEqual(['o1', 'o2', 'o3']);
  cache.snapshot([order(3), order(4), order(5)]);
  expect(ids()).toEqual(['o4', 'o5', 'o3']);
  expect(cache.service('orders').all).toHaveLength(3);
  cache.change([], [named(order(3)), named(order(4))]);
  expect(ids()).toEqual(['o5', 'o1', 'o2']);
});

test('a doubt ends with the first answer after 90 s, not with time alone', async () => {
  const { cache, clock, ids } = aCache();
  cache.snapshot(orders(2));
  cache.snapshot([]);
  await clock.advance(89_999);
  cache.snapshot([]);
  cache.confirmed();
  expect(ids()).toEqual(['o1', 'o2']);
  await clock.advance(3_600_000);
  expect(ids()).toEqual(['o1', 'o2']);
  cache.snapshot([]);
  expect(ids()).toEqual([]);
});

test('a confirmation or a change after 90 s ends a doubt too', async () => {
  for (const answer of [(c: ServiceCache) => c.confirmed(), (c: ServiceCache) => c.change([], [])]) {
    const { cache, clock, ids } = aCache();
    cache.snapshot(orders(2));
    cache.snapshot([]);
    await clock.advance(90_000);
    answer(cache);
    expect(ids()).toEqual([]);
  }
});

test('who is listed again is in doubt no more', async () => {
  const { cache, clock, ids } = aCache();
  cache.snapshot(orders(2));
  cache.snapshot([]);
  cache.change([order(1)], []);
  await clock.advance(90_000);
  cache.confirmed();
  expect(ids()).toEqual(['o1']);
});

test('who is listed again elsewhere is taken from the list', () => {
  const { cache } = aCache();
  cache.snapshot(orders(1));
  cache.snapshot([]);
  const moved = order(1, { address: '10.9.9.9' });
  cache.change([moved], []);
  expect(cache.service('orders').instances).toEqual([moved]);
});

test('an instance in doubt that refuses a connection is dropped; a listed one is not', () => {
  const { cache, ids, events } = aCache();
  cache.snapshot(orders(3));
  cache.refused(order(1));
  cache.snapshot([order(1)]);
  events.length = 0;
  cache.refused(order(1));
  cache.refused(order(2, { address: '10.7.7.7' }));
  expect(events).toEqual([]);
  cache.refused(order(2));
  expect(ids()).toEqual(['o1']);
  cache.snapshot([]);
  expect(ids()).toEqual(['o3', 'o1']);
});

test('an instance in doubt is dropped when another is listed at its address', () => {
  const { cache, ids } = aCache();
  cache.snapshot(orders(3));
  cache.snapshot([]);
  cache.change([anInstance({ app: 'cart', address: '10.0.0.1' })], []);
  expect(ids()).toEqual(['o2', 'o3']);
  cache.snapshot([anInstance({ app: 'cart', address: '10.0.0.2' })]);
  expect(ids()).toEqual(['o3']);
});

test('a batch that removes more than 70 % of four or more is doubted, one of 70 % or of three is believed', () => {
  const { cache, ids } = aCache();
  cache.snapshot(orders(4));
  cache.change([], orders(3).map(named));
  expect(ids()).toEqual(['o4', 'o1', 'o2', 'o3']);
  // Named once more, alone: believed.
  cache.change([], [named(order(1))]);
  expect(ids()).toEqual(['o4', 'o2', 'o3']);

  const ten = aCache();
  ten.cache.snapshot(orders(10));
  ten.cache.change([], orders(7).map(named));
  expect(ten.ids()).toEqual(['o8', 'o9', 'o10']);
  ten.cache.change(
    [],
    [8, 9, 10].map((n) => named(order(n))),
  );
  expect(ten.ids()).toEqual([]);
});

test('a deployment that replaces all in one batch leaves nobody in doubt in use', () => {
  const { cache, ids } = aCache();
  cache.snapshot(orders(4));
  cache.change(
    [5, 6, 7, 8].map((n) => order(n)),
    orders(4).map(named),
  );
  expect(ids()).toEqual(['o5', 'o6', 'o7', 'o8']);
  expect(cache.service('orders').unconfirmed.size).toBe(0);
});

test.each([
  {
    what: 'that has held us since before its last list with them, asked after the one without',
    held: 500,
    asked: 3_000,
    left: 0,
  },
  { what: 'asked before its list without them came', held: 500, asked: 1_999, left: 2 },
  {
    what: 'that has held us only since its last list with them: it may have been emptied between',
    held: 1_001,
    asked: 3_000,
    left: 2,
  },
])('a beat renewed by a registry $what: $left stay in doubt', async ({ held, asked, left }) => {
  const { clock, cache, ids } = aCache();
  const began = clock.monotonic();
  await clock.advance(1_000);
  cache.snapshot(orders(2));
  await clock.advance(1_000);
  cache.snapshot([]);
  await clock.advance(2_000);
  cache.absenceConfirmed(began + held, began + asked);
  expect(ids()).toHaveLength(left);
});

test('a renewed beat says nothing of what was read from disk', () => {
  const { clock, cache, ids } = aCache();
  cache.restore(orders(2), 0);
  cache.absenceConfirmed(clock.monotonic(), clock.monotonic());
  expect(ids()).toHaveLength(2);
});

test('each report can be looked through for our own instance', () => {
  const { cache } = aCache();
  const held: boolean[] = [];
  cache.onReport(() => held.push(cache.holds('ORDERS', 'o1')));
  cache.snapshot(orders(1));
  cache.change([order(2)], []);
  cache.snapshot([order(2)]);
  cache.change([order(1)], []);
  cache.confirmed();
  expect(held).toEqual([true, true, false, true]);
});

test('what was read from disk is used in doubt until the first answer', () => {
  const { cache, ids } = aCache();
  cache.restore(orders(2), 5_000);
  expect(cache).toMatchObject({ ready: true, answered: false, stale: true, ageMs: 5_000 });
  expect(ids()).toEqual(['o1', 'o2']);
  expect(cache.service('orders').unconfirmed.size).toBe(2);
  expect(cache.everListed('orders')).toBe(true);
  cache.snapshot([order(2), order(3)]);
  expect(ids()).toEqual(['o2', 'o3']);
  expect(cache.service('orders')).toMatchObject({ added: [order(3)], removed: [order(1)], stale: false });
});

test('what was read from disk after an answer is ignored', () => {
  const { cache, ids } = aCache();
  cache.snapshot([order(2)]);
  cache.restore(orders(2), 5_000);
  expect(ids()).toEqual(['o2']);
});

test('names of applications from a source that does not know better are made lower-case', () => {
  const { cache, ids } = aCache();
  cache.snapshot([order(1, { app: 'Orders' })]);
  cache.change([], [{ app: 'ORDERS', id: 'none' }]);
  expect(ids('orders')).toEqual(['o1']);
});

test('a reader of changes gets the present first and then the newest only', async () => {
  const { cache } = aCache();
  cache.snapshot(orders(1));
  const reader = cache.watch('Orders')[Symbol.asyncIterator]();
  expect((await reader.next()).value?.instances).toHaveLength(1);
  cache.change([order(2)], []);
  cache.change([order(3)], []);
  cache.change([anInstance({ app: 'cart' })], []);
  expect((await reader.next()).value?.instances).toHaveLength(3);
  const waiting = reader.next();
  cache.change([], [named(order(1))]);
  expect((await waiting).value?.removed).toEqual([order(1)]);
});

test('a reader ends by its signal, also while it waits, and holds nothing afterwards', async () => {
  const { cache } = aCache();
  cache.snapshot([]);
  const stopping = new AbortController();
  const lengths: number[] = [];
  const reading = (async () => {
    for await (const { instances } of cache.watch('orders', stopping.signal)) lengths.push(instances.length);
  })();
  await Promise.resolve();
  cache.change([order(1)], []);
  await new Promise(setImmediate);
  stopping.abort();
  await reading;
  cache.change([order(2)], []);
  expect(lengths).toEqual([0, 1]);
  for await (const _ of cache.watch('orders', stopping.signal)) expect.unreachable();
});

test('a reader that leaves its loop is forgotten', async () => {
  const { cache } = aCache();
  cache.snapshot(orders(1));
  for await (const { known } of cache.watch('front')) {
    expect(known).toBe(false);
    break;
  }
  const reader = cache.watch('vip')[Symbol.asyncIterator]();
  await reader.next();
  const next = reader.next();
  cache.change([order(2, { vip: ['vip', 'front'] })], []);
  expect((await next).value).toMatchObject({ service: 'vip', known: true });
  await reader.return?.();
  expect(await reader.next()).toEqual({ done: true, value: undefined });
});

test('a reader of a name that nobody listed yet is told of it, however many such names were asked for', async () => {
  const { cache } = aCache();
  cache.snapshot([]);
  const reader = cache.watch('front')[Symbol.asyncIterator]();
  await reader.next();
  for (let n = 0; n <= 1_000; n++) cache.service(`host-${n}`);
  const next = reader.next();
  cache.change([order(1, { vip: ['front'] })], []);
  expect((await next).value).toMatchObject({ service: 'front', added: [{ id: 'o1' }] });
});
