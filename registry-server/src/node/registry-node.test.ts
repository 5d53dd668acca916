import { expect, test } from 'vitest';
import { instanceKey } from '../store/instance-key.ts';
import { MemoryStore } from '../store/memory/memory-store.ts';
import { CONTEXT, ids, register, Scene } from './scene.fixture.ts';

test('two nodes on one store show one registry, and a node reads its own writes at once', async ({
  onTestFinished,
}) => {
  const scene = new Scene();
  onTestFinished(() => scene.end());
  const a = await scene.node('a');
  const b = await scene.node('b');

  expect(await scene.settled(register(a, 'i1'))).toEqual({ is: 'done' });
  expect(ids(a)).toEqual(['i1']);
  await scene.clock.advance(10);
  expect(ids(b)).toEqual(['i1']);

  await scene.settled(b.registry.cancel(CONTEXT, 'BILLING', 'i1'));
  await scene.clock.advance(10);
  expect(ids(a)).toEqual([]);
  expect(a.node.replica.cursor).toEqual(b.node.replica.cursor);
});

test('a silent instance is evicted once, on time, by whichever node sweeps; one that beats at another node stays', async ({
  onTestFinished,
}) => {
  const scene = new Scene();
  onTestFinished(() => scene.end());
  const a = await scene.node('a');
  const b = await scene.node('b');
  await scene.settled(register(a, 'silent'));
  await scene.settled(register(a, 'beating'));

  await scene.pass(29_000, { registry: b.registry, ids: ['beating'] });
  expect(ids(a)).toEqual(['beating', 'silent']);
  await scene.pass(5_000, { registry: b.registry, ids: ['beating'] });

  expect(ids(a)).toEqual(['beating']);
  expect(ids(b)).toEqual(['beating']);
  expect(scene.events.filter(({ kind }) => kind === 'evicted')).toEqual([{ kind: 'evicted', count: 1 }]);
});

test('while the store is away reads, beats, registrations and cancels go on; afterwards both agree and nothing comes back', async ({
  onTestFinished,
}) => {
  const scene = new Scene();
  onTestFinished(() => scene.end());
  const a = await scene.node('a');
  for (const id of ['i1', 'i2']) await scene.settled(register(a, id));
  const before = a.node.replica.cursor;

  a.store.away = true;
  await scene.pass(3_000);
  expect(a.node.state.is).toBe('away');
  expect(ids(a)).toEqual(['i1', 'i2']);
  expect(await register(a, 'i3')).toEqual({ is: 'done' });
  expect(await a.registry.cancel(CONTEXT, 'BILLING', 'i1')).toEqual({ is: 'done' });
  expect(a.registry.renew(CONTEXT, 'BILLING', 'i2', {})).toEqual({ is: 'done' });
  expect(a.node.replica.cursor.epoch).toBe(`${before.epoch}~a-1`);
  await scene.pass(120_000);
  expect(ids(a)).toEqual(['i2', 'i3']);

  a.store.away = false;
  await scene.pass(2_000);
  expect(a.node.state.is).toBe('following');
  expect(ids(a)).toEqual(['i2', 'i3']);
  expect(a.node.replica.cursor.epoch).toBe(before.epoch);
  const b = await scene.node('b');
  expect(ids(b)).toEqual(['i2', 'i3']);
});

test('an outage ages no lease: nobody is evicted for it', async ({ onTestFinished }) => {
  const scene = new Scene();
  onTestFinished(() => scene.end());
  const a = await scene.node('a');
  await scene.settled(register(a, 'i1'));
  await scene.pass(5_000);

  a.store.away = true;
  await scene.pass(300_000);
  a.store.away = false;
  await scene.pass(10_000);

  expect(ids(a)).toEqual(['i1']);
  await scene.pass(25_000);
  expect(ids(a)).toEqual([]);
});

test('a store that comes back empty is filled from the replica, under versions that nobody has seen', async ({
  onTestFinished,
}) => {
  const scene = new Scene();
  onTestFinished(() => scene.end());
  const a = await scene.node('a');
  const b = await scene.node('b');
  for (const id of ['i1', 'i2', 'i3']) await scene.settled(register(a, id));
  await scene.settled(b.registry.cancel(CONTEXT, 'BILLING', 'i3'));
  const before = a.node.replica.cursor;

  for (const site of [a, b]) site.store.away = true;
  const fresh = new MemoryStore({ clock: scene.clock });
  for (const site of [a, b]) site.store.store = fresh;
  await scene.pass(2_000);
  for (const site of [a, b]) site.store.away = false;
  await scene.pass(4_000);

  expect([a.node.state.is, b.node.state.is]).toEqual(['following', 'following']);
  expect(ids(a)).toEqual(['i1', 'i2']);
  expect(ids(b)).toEqual(['i1', 'i2']);
  expect(a.node.replica.cursor).toEqual(b.node.replica.cursor);
  expect(a.node.replica.cursor.epoch).not.toBe(before.epoch);
  expect(a.node.replica.cursor.version).toBeGreaterThan(before.version + 1_000_000 - 1);
});

test('a beat that is acknowledged while its lease is evicted elsewhere undoes the eviction', async ({
  onTestFinished,
}) => {
  const scene = new Scene();
  onTestFinished(() => scene.end());
  const a = await scene.node('a');
  const b = await scene.node('b');
  await scene.settled(register(a, 'i1'));
  await scene.pass(28_000);

  // Node b hears the instance but cannot write it; node a, with the store, finds the lease over.
  b.store.away = true;
  b.registry.renew(CONTEXT, 'BILLING', 'i1', {});
  await scene.clock.advance(5_000);
  expect(ids(a)).toEqual([]);
  b.store.away = false;
  await scene.clock.advance(3_000);

  expect(ids(a)).toEqual(['i1']);
  expect(ids(b)).toEqual(['i1']);
});

test('what the replica does not know is asked of the store before anybody is told that it does not exist', async ({
  onTestFinished,
}) => {
  const scene = new Scene();
  onTestFinished(() => scene.end());
  const a = await scene.node('a');
  const key = instanceKey('BILLING', 'i1');
  expect(await scene.settled(a.node.find(key))).toBeUndefined();
  await scene.settled(register(a, 'i1'));
  expect((await scene.settled(a.node.find(key)))?.record.info.instanceId).toBe('i1');
});

test('a node that stops writes the beats that wait, and leaves no timer', async () => {
  const scene = new Scene();
  const a = await scene.node('a');
  await scene.settled(register(a, 'i1'));
  a.registry.renew(CONTEXT, 'BILLING', 'i1', {});
  await scene.end();
  expect(scene.clock.timers).toBe(0);
});
