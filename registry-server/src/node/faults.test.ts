/** What a node does when its store is lost, restored, emptied, or not what its log says. Each was found by doing it to real nodes. */
import { expect, test } from 'vitest';
import { instanceKey } from '../store/instance-key.ts';
import { MemoryStore } from '../store/memory/memory-store.ts';
import { CONTEXT, cancel, ids, register, Scene, type Site } from './scene.fixture.ts';

function scene(onTestFinished: (end: () => Promise<void>) => void): Scene {
  const made = new Scene();
  onTestFinished(() => made.end());
  return made;
}

/** The store goes; after `ms` these nodes find `next` in its place. */
async function replaced(
  scene: Scene,
  sites: readonly Site[],
  next: MemoryStore,
  meanwhile: () => unknown,
): Promise<void> {
  for (const { store } of sites) store.away = true;
  await scene.pass(3_000);
  await meanwhile();
  for (const { store } of sites) {
    store.store = next;
    store.away = false;
  }
  await scene.pass(2_000);
}

/** Other work goes on meanwhile; no time passes. */
async function turnsUntil(done: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000 && !done(); turn++) await new Promise((resolve) => setImmediate(resolve));
}

test('an instance that one node heard leave is not brought back by whichever node fills an empty store', async ({
  onTestFinished,
}) => {
  for (const first of ['a', 'b']) {
    const s = scene(onTestFinished);
    const [a, b] = [await s.node('a'), await s.node('b')];
    for (const id of ['leaves', 'stays']) await s.settled(register(a, id));
    for (const { store } of [a, b]) store.away = true;
    await s.pass(1_500);
    await cancel(b, 'leaves');
    await s.pass(100);
    const fresh = new MemoryStore({ clock: s.clock });
    for (const { store } of first === 'a' ? [a, b] : [b, a]) {
      store.store = fresh;
      store.away = false;
      await s.pass(1_500);
    }
    expect([first, ids(a), ids(b)]).toEqual([first, ['stays'], ['stays']]);
  }
});

test('nobody who beats is evicted after a restore: the leases of a new history begin with it', async ({
  onTestFinished,
}) => {
  const s = scene(onTestFinished);
  const [a, b] = [await s.node('a'), await s.node('b')];
  for (const id of ['i1', 'i2', 'silent']) await s.settled(register(a, id));
  const beating = { registry: b.registry, ids: ['i1', 'i2'] };
  const dump = s.copy();
  await s.pass(20_000, { registry: b.registry, ids: ['i1', 'i2', 'silent'] });
  await s.settled(register(a, 'later'));
  for (let minute = 0; minute < 5; minute++) {
    await s.pass(60_000, { registry: b.registry, ids: ['i1', 'i2', 'silent', 'later'] });
  }
  await replaced(s, [a, b], dump, () => undefined);
  // Each beats every ten seconds, and none has had its turn yet; the sweep has.
  await s.pass(8_000);
  expect(ids(a)).toEqual(['i1', 'i2', 'later', 'silent']);
  for (let step = 0; step < 4; step++) {
    await s.pass(9_000, { registry: b.registry, ids: [...beating.ids, 'later'] });
    expect(ids(a)).toEqual(expect.arrayContaining(['i1', 'i2', 'later']));
  }
  expect(ids(a)).toEqual(['i1', 'i2', 'later']);
  expect(ids(b)).toEqual(['i1', 'i2', 'later']);
});

test('who left after a dump was made does not return with it, however long ago that was', async ({
  onTestFinished,
}) => {
  const s = scene(onTestFinished);
  const [a, b] = [await s.node('a'), await s.node('b')];
  for (const id of ['left', 'leaves', 'stays']) await s.settled(register(a, id));
  const dump = s.copy();
  await s.pass(20_000, { registry: a.registry, ids: ['left', 'leaves', 'stays'] });
  await s.settled(cancel(a, 'left'));
  for (let minute = 0; minute < 4; minute++) await s.pass(60_000, { registry: a.registry, ids: ['leaves', 'stays'] });
  await replaced(s, [a, b], dump, () => cancel(b, 'leaves'));
  expect([ids(a), ids(b)]).toEqual([['stays'], ['stays']]);
});

test('a dump of the same version is the same history, and its old leases bury no cancel', async ({
  onTestFinished,
}) => {
  const s = scene(onTestFinished);
  const a = await s.node('a');
  for (const id of ['leaves', 'stays']) await s.settled(register(a, id));
  const dump = s.copy();
  await s.pass(60_000, { registry: a.registry, ids: ['leaves', 'stays'] });
  await replaced(s, [a], dump, async () => {
    await cancel(a, 'leaves');
    await s.pass(5_000);
  });
  expect(ids(a)).toEqual(['stays']);
});

test('what was decided alone while the store was asked where it is, is joined too', async ({ onTestFinished }) => {
  const s = scene(onTestFinished);
  const a = await s.node('a');
  await s.settled(register(a, 'leaves'));
  a.store.away = true;
  await s.pass(3_000);
  let changed = false;
  a.store.before = async (method) => {
    if (method !== 'attach' || changed) return;
    changed = true;
    expect(a.node.state.is).toBe('away');
    await cancel(a, 'leaves');
    await register(a, 'comes');
  };
  a.store.away = false;
  await s.pass(2_000);
  expect(changed).toBe(true);
  expect(ids(a)).toEqual(['comes']);
  expect(ids(await s.node('b'))).toEqual(['comes']);
});

test('an answer to a tick that the log has overtaken is no sign of another history', async ({ onTestFinished }) => {
  const s = scene(onTestFinished);
  const [a, b] = [await s.node('a'), await s.node('b')];
  a.store.after = async (method) => {
    if (method !== 'tick') return;
    a.store.after = undefined;
    await register(b, 'i1');
    await new Promise((resolve) => setImmediate(resolve));
    expect(ids(a)).toEqual(['i1']);
  };
  await s.pass(3_000);
  expect(a.store.after).toBeUndefined();
  expect(s.faults()).toEqual([]);
});

test('records that something else deleted from the store are written there again', async ({ onTestFinished }) => {
  const s = scene(onTestFinished);
  const a = await s.node('a');
  for (const id of ['i1', 'i2']) await s.settled(register(a, id));
  s.state.records.delete(instanceKey('BILLING', 'i1'));
  await s.pass(3_000);
  expect(ids(a)).toEqual(['i1', 'i2']);
  expect([...s.state.records.keys()]).toHaveLength(2);
  expect(s.faults().join()).toContain('something else deletes there');
});

test('a cancel at a node that does not know the instance counts, whichever node joins first', async ({
  onTestFinished,
}) => {
  for (const first of ['a', 'b']) {
    const s = scene(onTestFinished);
    const sites = { a: await s.node('a'), b: await s.node('b') };
    const { a, b } = sites;
    for (const { store } of [a, b]) store.away = true;
    await s.pass(3_000);
    await register(a, 'i1');
    expect(await cancel(b, 'i1')).toMatchObject({ is: 'unknown' });
    const [early, late] = first === 'a' ? [a, b] : [b, a];
    early.store.away = false;
    await s.pass(1_000);
    late.store.away = false;
    await s.pass(2_000);
    expect([first, ids(a), ids(b)]).toEqual([first, [], []]);
  }
});

test('a node that was cut off for longer than the log reaches back brings nobody back', async ({ onTestFinished }) => {
  const s = scene(onTestFinished);
  const [a, b] = [await s.node('a'), await s.node('b')];
  for (const id of ['left', 'stays']) await s.settled(register(a, id));
  b.store.away = true;
  await s.pass(3_000);
  await s.settled(cancel(a, 'left'));
  for (let minute = 0; minute < 12; minute++) {
    await s.pass(60_000, { registry: a.registry, ids: ['stays'] });
    await s.settled(register(a, `new-${minute}`));
  }
  await register(b, 'heard-here');
  const listed: string[] = [];
  a.node.replica.onChange(({ id }) => listed.push(id));
  b.store.away = false;
  await s.pass(2_000);
  expect(ids(b)).toContain('heard-here');
  expect(listed).toEqual(['heard-here']);
  expect(ids(a)).toEqual(ids(b));
});

test('a node whose store does not answer is no witness for others, and changes wait for a second', async ({
  onTestFinished,
}) => {
  const s = scene(onTestFinished);
  const a = await s.node('a');
  a.store.away = true;
  await s.clock.advance(300);
  expect(a.node.state).toMatchObject({ is: 'following', doubt: 'connection refused' });
  const registered = register(a, 'i1');
  a.store.away = false;
  await s.clock.advance(500);
  expect(await registered).toEqual({ is: 'done' });
  expect(a.node.state).not.toHaveProperty('doubt');
  expect(s.events.filter(({ kind }) => kind === 'state')).toEqual([expect.objectContaining({ from: 'starting' })]);
  expect(s.faults().join()).toMatch(/lost for 0\.\d s \(connection refused\); changes waited/);
});

test('a heartbeat of an instance that only the store knows is not told "unknown" while the store does not answer', async ({
  onTestFinished,
}) => {
  const s = scene(onTestFinished);
  const [a, b] = [await s.node('a'), await s.node('b')];
  a.store.away = true;
  await s.clock.advance(100);
  await s.settled(register(b, 'i1'));
  const beat = a.registry.renew(CONTEXT, 'BILLING', 'i1', {});
  await s.clock.advance(300);
  a.store.away = false;
  await s.clock.advance(500);
  expect(await beat).toEqual({ is: 'done' });
});

test('a store that answers and refuses writes is away, and is not loaded again and again', async ({
  onTestFinished,
}) => {
  const s = scene(onTestFinished);
  const a = await s.node('a');
  await s.settled(register(a, 'i1'));
  a.store.full = true;
  await s.pass(3_000);
  expect(a.node.state).toMatchObject({ is: 'away', reason: 'OOM command not allowed' });
  const loads = a.store.calls.filter((call) => call === 'load').length;
  expect(await register(a, 'i2')).toEqual({ is: 'done' });
  await s.pass(60_000);
  expect(a.store.calls.filter((call) => call === 'load')).toHaveLength(loads);
  expect(ids(a)).toEqual(['i1', 'i2']);
  a.store.full = false;
  await s.pass(2_000);
  expect(a.node.state.is).toBe('following');
  expect(ids(await s.node('b'))).toEqual(['i1', 'i2']);
});

test('a beat whose lease was evicted a moment ago, which the log has not told yet, undoes the eviction', async ({
  onTestFinished,
}) => {
  const s = scene(onTestFinished);
  const [a, b] = [await s.node('a'), await s.node('b')];
  await s.settled(register(a, 'i1'));
  let tell = (): void => undefined;
  b.store.log = new Promise((resolve) => {
    tell = resolve;
  });
  await s.pass(32_000);
  expect([ids(a), ids(b)]).toEqual([[], ['i1']]);
  b.registry.renew(CONTEXT, 'BILLING', 'i1', {});
  await s.clock.advance(250);
  expect(ids(a)).toEqual([]);
  tell();
  await s.clock.advance(250);
  expect([ids(a), ids(b)]).toEqual([['i1'], ['i1']]);
});

test('no cursor of one outage returns in the next with another content', async ({ onTestFinished }) => {
  const s = scene(onTestFinished);
  const a = await s.node('a');
  const cursors: string[] = [];
  for (let outage = 0; outage < 2; outage++) {
    a.store.away = true;
    await s.pass(3_000);
    cursors.push(a.node.replica.cursor.epoch);
    a.store.away = false;
    await s.pass(2_000);
  }
  expect(new Set(cursors).size).toBe(2);
});

test('registered again at one node after it had left at another that was alone, it lives', async ({
  onTestFinished,
}) => {
  const s = scene(onTestFinished);
  const [a, b] = [await s.node('a'), await s.node('b')];
  await s.settled(register(a, 'i1'));
  // The lease clock stands while both are alone, and runs on before b is back: b cannot tell when it stood.
  for (const { store } of [a, b]) store.away = true;
  await s.pass(20_000);
  a.store.away = false;
  await s.pass(1_000);
  await cancel(b, 'i1');
  await s.pass(100);
  await s.settled(register(a, 'i1'));
  b.store.away = false;
  await s.pass(2_000);
  expect([ids(a), ids(b)]).toEqual([['i1'], ['i1']]);
});

test('an override ends with a cancel at another node that was alone, also for the instance that registered again', async ({
  onTestFinished,
}) => {
  const s = scene(onTestFinished);
  const [a, b] = [await s.node('a'), await s.node('b')];
  await s.settled(register(a, 'i1'));
  await s.settled(a.registry.overrideStatus(CONTEXT, 'BILLING', 'i1', 'OUT_OF_SERVICE'));
  b.store.away = true;
  await s.pass(3_000);
  await cancel(b, 'i1');
  await s.pass(100);
  await s.settled(register(a, 'i1'));
  b.store.away = false;
  await s.pass(2_000);
  for (const { node } of [a, b]) {
    expect(node.held(instanceKey('BILLING', 'i1'))?.record).toMatchObject({
      override: undefined,
      info: { status: 'UP' },
    });
  }
});

test('nobody who registered early in a long outage is evicted after it for its length', async ({ onTestFinished }) => {
  const s = scene(onTestFinished);
  const [a, b] = [await s.node('a'), await s.node('b')];
  await s.pass(60_000);
  for (const { store } of [a, b]) store.away = true;
  await s.pass(3_000);
  await register(a, 'i1');
  await s.pass(60_000);
  for (const { store } of [a, b]) store.away = false;
  await s.pass(12_000);
  expect([ids(a), ids(b)]).toEqual([['i1'], ['i1']]);
});

test('what the others evicted does not return with a node that comes back, unless it was heard there since', async ({
  onTestFinished,
}) => {
  const s = scene(onTestFinished);
  const [a, b] = [await s.node('a'), await s.node('b')];
  for (const id of ['dead', 'heard']) await s.settled(register(a, id));
  b.store.away = true;
  await s.pass(35_000);
  expect(ids(a)).toEqual([]);
  b.registry.renew(CONTEXT, 'BILLING', 'heard', {});
  const listed: string[] = [];
  a.node.replica.onChange(({ id }) => listed.push(id));
  // Another epoch, so that b joins all that it has.
  const tombstones = s.state.log.filter((change) => change.kind === 'remove');
  await s.truth.found({ self: 'x', version: 1, lease: 0, secret: 's', over: a.node.status.position!, tombstones });
  b.store.away = false;
  await s.pass(3_000);
  expect(listed).toEqual(['heard']);
  expect([ids(a), ids(b)]).toEqual([['heard'], ['heard']]);
});

test('a node that joins never lists, not for a moment, what another one has just removed', async ({
  onTestFinished,
}) => {
  const s = scene(onTestFinished);
  const [a, b] = [await s.node('a'), await s.node('b')];
  for (const id of ['left', 'stays']) await s.settled(register(a, id));
  const dump = s.copy();
  await s.settled(cancel(a, 'left'));
  a.store.calls.length = 0;
  // b reads the restored records before a removes who left, and comes to remove it after.
  const loads = (): number => b.store.calls.filter((call) => call === 'load').length;
  const before = loads();
  let conflicts = 0;
  a.store.before = (method) => (method === 'commit' ? turnsUntil(() => loads() > before) : undefined);
  b.store.before = async (method) => {
    if (method !== 'commit') return;
    await turnsUntil(() => a.store.calls.includes('commit'));
    conflicts++;
  };
  const shown: string[][] = [];
  for (const site of [a, b]) site.node.replica.onReset(() => shown.push(ids(site)));
  await replaced(s, [a, b], dump, () => shown.splice(0));
  expect(conflicts).toBe(1);
  expect(shown).toEqual(shown.map(() => ['stays']));
});
