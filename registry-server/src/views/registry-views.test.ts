/** Answers about one application or VIP, changes since a cursor, and the ETags of all. */
import { gunzipSync } from 'node:zlib';
import { FakeClock } from '@heureka/client-sdk/testing';
import { expect, test } from 'vitest';
import { ChangingReplica, springInfo } from '../replica/changing-replica.fixture.ts';
import { bytesOf, JSON_GZIP, JSON_PLAIN } from './lists.fixture.ts';
import { MAX_SINCE, RegistryViews } from './registry-views.ts';
import type { EncodedAnswer } from './views.ts';

const EVERYTHING = { apps: [], vips: [] };

function setUp(): { source: ChangingReplica; views: RegistryViews } {
  const source = new ChangingReplica();
  const views = new RegistryViews({
    replica: source.replica,
    clock: new FakeClock(),
    now: () => source.now,
    deltaWindowMs: 180_000,
  });
  return { source, views };
}

async function ids(answer: EncodedAnswer | undefined | Promise<EncodedAnswer | undefined>): Promise<readonly string[]> {
  const { chunks, length, etag } = (await answer)!;
  const text = bytesOf({ chunks, length, etag }).toString();
  return [...text.matchAll(/"instanceId":"([^"]*)"/g)].map(([, id]) => id!);
}

test('lists are in canonical order, by application and id, by code unit', async () => {
  const { source, views } = setUp();
  for (const [app, id] of [
    ['B', 'i'],
    ['A', 'j'],
    ['A', 'J'],
    ['A-B', 'i'],
    ['Ä', 'i'],
  ] as const)
    source.put(app, id);
  expect(await ids(views.all(JSON_PLAIN))).toEqual(['J', 'j', 'i', 'i', 'i']);
  const text = bytesOf(await views.all(JSON_PLAIN)).toString();
  expect([...text.matchAll(/"name":"([AB\-Ä]+)"/g)].map(([, name]) => name)).toEqual(['A', 'A-B', 'B', 'Ä']);
});

test('an application shows its instances, one without any is none, and what changes elsewhere does not make it anew', async () => {
  const { source, views } = setUp();
  source.put('A', 'i2');
  source.put('A', 'i1');
  source.put('B', 'i3');
  expect(await ids(views.app('A', JSON_PLAIN))).toEqual(['i1', 'i2']);
  expect(views.app('C', JSON_PLAIN)).toBeUndefined();

  const before = await views.app('A', JSON_GZIP);
  source.put('B', 'i4');
  expect(await views.app('A', JSON_GZIP)).toBe(before);
  source.put('A', 'i1', { status: 'DOWN' });
  const after = await views.app('A', JSON_GZIP);
  expect(after!.etag).not.toBe(before!.etag);
  expect(gunzipSync(bytesOf(after!)).toString()).toContain('"status":"DOWN"');
});

test('a VIP shows whoever lists it, a secure one apart, and an unknown one is an empty list', async () => {
  const { source, views } = setUp();
  source.put('A', 'i1', { vipAddress: 'web,admin', secureVipAddress: 'secret' });
  source.put('B', 'i2', { vipAddress: 'web' });
  expect(await ids(views.vip('web', false, JSON_PLAIN))).toEqual(['i1', 'i2']);
  expect(await ids(views.vip('admin', false, JSON_PLAIN))).toEqual(['i1']);
  expect(await ids(views.vip('secret', true, JSON_PLAIN))).toEqual(['i1']);
  expect(await ids(views.vip('secret', false, JSON_PLAIN))).toEqual([]);
});

test('changes since a cursor are the latest of each instance after it, as the reader filters them', async () => {
  const { source, views } = setUp();
  source.put('A', 'i1');
  source.put('B', 'i2');
  source.put('A', 'i3');
  source.put('A', 'i3', { status: 'DOWN' });
  source.remove('B', 'i2');
  expect(await ids(views.since('e.1', EVERYTHING, 'identity'))).toEqual(['i3', 'i2']);
  expect(await ids(views.since('e.1', { apps: ['B'], vips: [] }, 'identity'))).toEqual(['i2']);
  expect(await ids(views.since('e.5', EVERYTHING, 'identity'))).toEqual([]);
  const answer = await views.since('e.1', EVERYTHING, 'gzip');
  const text = gunzipSync(bytesOf(answer!)).toString();
  expect(text).toContain('"versions__delta":"5"');
  expect(text).toContain('"actionType":"DELETED"');
  expect(text).toContain('"status":"DOWN"');
});

test('a cursor that is not known, or no cursor, means that a full fetch is due', () => {
  const { source, views } = setUp();
  source.put('A', 'i1');
  for (const cursor of ['other.1', 'e.2', 'e.', 'e.-1', '1', '', 'e.1e3']) {
    expect(views.since(cursor, EVERYTHING, 'identity')).toBeUndefined();
  }
});

test('more changed instances than one turn should make are a full fetch; the reader of a few of them is told', async () => {
  const { source, views } = setUp();
  source.put('B', 'b');
  for (let number = 0; number < MAX_SINCE; number++) source.put('A', `i${number}`);
  // Twice the same instance is one entry.
  source.put('A', 'i0', { status: 'DOWN' });
  expect(await ids(views.since('e.1', EVERYTHING, 'identity'))).toHaveLength(MAX_SINCE);
  source.put('B', 'b', { status: 'DOWN' });
  for (let again = 0; again < 2; again++) {
    expect(views.since('e.1', EVERYTHING, 'identity')).toBeUndefined();
    expect(await ids(views.since('e.1', { apps: ['B'], vips: [] }, 'identity'))).toEqual(['b']);
  }
});

test('a large application is made once a change, not once a request', async () => {
  const { source, views } = setUp();
  for (let number = 0; number < 9; number++) source.put('A', `i${number}`, { statusPageUrl: 'x'.repeat(1_000_000) });
  const before = await views.app('A', JSON_PLAIN);
  expect(before!.length).toBeGreaterThan(8_000_000);
  expect(await views.app('A', JSON_PLAIN)).toBe(before);
  source.put('A', 'i0', { status: 'DOWN' });
  expect(await views.app('A', JSON_PLAIN)).not.toBe(before);
});

test('the ETag names the content: the same on every node, another after each change, and weak', async () => {
  const { source, views } = setUp();
  for (let number = 0; number < 50; number++) source.put('A', `i${number}`, springInfo(number));
  const other = new RegistryViews({
    replica: source.loaded(),
    clock: new FakeClock(),
    now: () => source.now,
    deltaWindowMs: 180_000,
  });
  for (const ask of [
    (of: RegistryViews) => of.all(JSON_GZIP),
    (of: RegistryViews) => of.delta(JSON_GZIP),
    (of: RegistryViews) => of.app('A', JSON_GZIP)!,
    (of: RegistryViews) => of.vip('service-7', false, JSON_GZIP),
  ]) {
    const [ours, theirs] = [await ask(views), await ask(other)];
    expect(ours!.etag).toMatch(/^W\/"e\.[\w.-]+"$/);
    expect(theirs!.etag).toBe(ours!.etag);
    expect(bytesOf(theirs!).equals(bytesOf(ours!))).toBe(true);
  }
  const before = await views.all(JSON_GZIP);
  source.put('B', 'i1');
  expect((await views.all(JSON_GZIP)).etag).not.toBe(before.etag);
});

test('after a renumbering the same content has another name', async () => {
  const { source, views } = setUp();
  source.put('A', 'i1');
  const before = await views.all(JSON_PLAIN);
  source.replica.renumber({ epoch: 'e~node', version: 1 });
  const after = await views.all(JSON_PLAIN);
  expect(bytesOf(after).equals(bytesOf(before))).toBe(true);
  expect(after.etag).toMatch(/^W\/"e~node\.1-/);
});
