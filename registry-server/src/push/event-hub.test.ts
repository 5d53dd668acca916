/** The hub over real sockets, its clock moved by hand. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { seededRandom } from '@heureka/client-sdk/runtime';
import { FakeClock } from '@heureka/client-sdk/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StreamReader, shown } from '../../../test/helpers/stream-reader.ts';
import { until } from '../../../test/helpers/until.ts';
import { ChangingReplica, springInfo } from '../replica/changing-replica.fixture.ts';
import { ALIVE_MS, EventHub, GATHER_MS } from './event-hub.ts';
import { MAX_UNSENT_BYTES, STALLED_MS } from './event-reader.ts';

let source: ChangingReplica;
let clock: FakeClock;
let hub: EventHub;
let server: Server;
let port: number;
let readers: StreamReader[];
let openResponses: Set<ServerResponse>;

beforeEach(async () => {
  source = new ChangingReplica();
  clock = new FakeClock();
  hub = new EventHub({ replica: source.replica, clock, random: seededRandom(1) });
  readers = [];
  openResponses = new Set();
  server = createServer((request, response) => {
    const query = new URL(request.url!, 'http://registry').searchParams;
    const filter = { apps: list(query.get('apps')), vips: list(query.get('vips')) };
    openResponses.add(response);
    hub.open(response, { 'content-type': 'text/event-stream' }, filter, query.get('since') ?? undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});

afterEach(async () => {
  hub.close();
  for (const reader of readers) reader.leave();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

async function open(query: Readonly<Record<string, string>> = {}): Promise<StreamReader> {
  const reader = await StreamReader.open(port, query);
  readers.push(reader);
  return reader;
}

function list(text: string | null): string[] {
  return text === null ? [] : text.split(',');
}

/** Bytes that wait in this process. */
function unsent(): number {
  return [...openResponses].reduce((sum, { writableLength }) => sum + writableLength, 0);
}

/** About 24 KB as an event. */
function large(id: string): void {
  source.put('LARGE', id, { ...springInfo(1), metadata: { filler: 'x'.repeat(24_000) } });
}

test('a stream begins with when to come back, and the cursor that it goes on from', async () => {
  source.put('A', 'i1');
  const reader = await open();
  await reader.until(1);
  expect(reader.text).toMatch(/^retry: [1-4]\d{3}\n\n/);
  expect(reader.events).toEqual([{ id: 'e.1', event: 'hello', data: { cursor: 'e.1' } }]);
});

test('readers are told different times to come back, so that they do not come at once', async () => {
  for (let count = 0; count < 20; count++) await (await open()).until(1);
  const times = readers.map(({ text }) => Number(/^retry: (\d+)/.exec(text)![1]));
  expect(new Set(times).size).toBeGreaterThan(15);
  expect(Math.min(...times)).toBeGreaterThanOrEqual(1_000);
  expect(Math.max(...times)).toBeLessThan(5_000);
});

test('a change is told at once, and those within the next 50 ms in one event', async () => {
  const reader = await open();
  source.put('A', 'i1');
  source.put('A', 'i2');
  await clock.advance(0);
  expect(shown((await reader.until(2)).at(1))).toEqual(['A/i1 ADDED UP', 'A/i2 ADDED UP']);
  await clock.advance(1);
  source.put('A', 'i3');
  await clock.advance(GATHER_MS - 2);
  source.put('A', 'i4');
  await turn();
  expect(reader.events.length).toBe(2);
  await clock.advance(1);
  expect(shown((await reader.until(3)).at(2))).toEqual(['A/i3 ADDED UP', 'A/i4 ADDED UP']);
  await clock.advance(GATHER_MS);
  source.put('A', 'i5');
  await clock.advance(0);
  expect(shown((await reader.until(4)).at(3))).toEqual(['A/i5 ADDED UP']);
});

test('an event has the latest of each instance, and the cursor reached', async () => {
  source.put('B', 'i2');
  const reader = await open();
  source.put('B', 'i1');
  source.put('A', 'i3', { status: 'DOWN' });
  source.put('A', 'i3', { status: 'UP' });
  source.remove('B', 'i2');
  await clock.advance(GATHER_MS);

  const [, event] = await reader.until(2);
  expect(event).toMatchObject({ id: 'e.5', event: 'delta' });
  expect(shown(event)).toEqual(['A/i3 ADDED UP', 'B/i1 ADDED UP', 'B/i2 DELETED UP']);
  expect(event!.data).toMatchObject({ applications: { versions__delta: '5', apps__hashcode: 'UP_2_' } });
});

test('a reader who comes between two events hears nothing twice and misses nothing', async () => {
  const first = await open();
  source.put('A', 'i1');
  const second = await open();
  source.put('A', 'i2');
  await clock.advance(GATHER_MS);

  expect((await second.until(2)).map(({ id, event }) => `${event} ${id}`)).toEqual(['hello e.1', 'delta e.2']);
  expect((await first.until(3)).map(({ id, event }) => `${event} ${id}`)).toEqual([
    'hello e.0',
    'delta e.1',
    'delta e.2',
  ]);
});

test('who comes back is given what it missed, at once', async () => {
  source.put('A', 'i1');
  source.put('A', 'i2');
  source.put('A', 'i3');
  const reader = await open({ since: 'e.1' });
  const [hello, missed] = await reader.until(2);
  expect([hello!.event, hello!.id, missed!.event, missed!.id]).toEqual(['hello', 'e.1', 'delta', 'e.3']);
  expect(shown(missed)).toEqual(['A/i2 ADDED UP', 'A/i3 ADDED UP']);
});

test('who comes back with nothing missed is only greeted', async () => {
  source.put('A', 'i1');
  const reader = await open({ since: 'e.1' });
  await reader.until(1);
  source.put('A', 'i2');
  await clock.advance(GATHER_MS);
  expect((await reader.until(2)).map(({ event }) => event)).toEqual(['hello', 'delta']);
});

test('a cursor of another epoch, from the future, or that is none, is answered with a reset', async () => {
  source.put('A', 'i1');
  for (const since of ['other.1', 'e.7', 'nonsense']) {
    const [event] = await (await open({ since })).until(1);
    expect(event).toEqual({ id: 'e.1', event: 'reset', data: { cursor: 'e.1' } });
  }
});

test('what is too much for an event is a gap, to be fetched', async () => {
  const reader = await open();
  for (let number = 0; number < 8; number++) large(`i${number}`);
  await clock.advance(GATHER_MS);
  expect((await reader.until(2)).at(1)).toEqual({ id: 'e.8', event: 'gap', data: { cursor: 'e.8' } });
  for (let number = 0; number < 300; number++) source.put('A', `i${number}`);
  await clock.advance(GATHER_MS);
  expect((await reader.until(3)).at(2)).toMatchObject({ id: 'e.308', event: 'gap' });
});

test('a content that is another as a whole is a reset for everybody, whatever they read', async () => {
  const [all, some] = [await open(), await open({ apps: 'B' })];
  source.put('A', 'i1');
  source.replica.renumber({ epoch: 'f', version: 9 });
  await clock.advance(GATHER_MS);
  for (const reader of [all, some]) expect((await reader.until(2)).at(1)).toMatchObject({ id: 'f.9', event: 'reset' });
});

test('a reader of applications hears of those alone', async () => {
  const reader = await open({ apps: 'A,C' });
  source.put('A', 'i1');
  source.put('B', 'i1');
  source.put('C', 'i1');
  await clock.advance(GATHER_MS);
  source.put('B', 'i2');
  await clock.advance(GATHER_MS);
  source.remove('A', 'i1');
  await clock.advance(GATHER_MS);
  const [, first, second] = await reader.until(3);
  expect(shown(first)).toEqual(['A/i1 ADDED UP', 'C/i1 ADDED UP']);
  expect(shown(second)).toEqual(['A/i1 DELETED UP']);
  expect(second!.id).toBe('e.5');
});

test('a reader of VIPs hears of instances that have one, secure ones too, and of those that had', async () => {
  source.put('A', 'i1', { vipAddress: 'web,admin' });
  const reader = await open({ vips: 'admin' });
  source.put('B', 'i1', { vipAddress: 'other' });
  source.put('C', 'i1', { secureVipAddress: 'admin' });
  await clock.advance(GATHER_MS);
  source.put('A', 'i1', { vipAddress: 'web' });
  await clock.advance(GATHER_MS);
  source.put('A', 'i1', { vipAddress: 'web', status: 'DOWN' });
  source.put('B', 'i1', { vipAddress: 'admin' });
  await clock.advance(GATHER_MS);
  const [, ...events] = await reader.until(4);
  expect(events.map(shown)).toEqual([['C/i1 ADDED UP'], ['A/i1 ADDED UP'], ['B/i1 ADDED UP']]);
});

test('a reader of VIPs is told of changes made before this node loaded, as nobody knows what stood there then', async () => {
  source.put('A', 'i1', { vipAddress: 'web' });
  source.put('A', 'i1', { vipAddress: 'other' });
  source.put('A', 'i2', { vipAddress: 'other' });
  const loaded = source.loaded();
  source.replica.replace(
    [...loaded.entries()].map(({ served, record }) => ({ ...served, record, heard: { lease: 0, at: 0 } })),
    { epoch: 'e', version: 3 },
    source.log,
  );
  const reader = await open({ vips: 'web', since: 'e.1' });
  expect(shown((await reader.until(2)).at(1))).toEqual(['A/i1 ADDED UP', 'A/i2 ADDED UP']);
  source.put('A', 'i3', { vipAddress: 'other' });
  source.put('A', 'i4', { vipAddress: 'web' });
  await clock.advance(GATHER_MS);
  expect(shown((await reader.until(3)).at(2))).toEqual(['A/i4 ADDED UP']);
});

test('a comment each 15 s says that the stream lives, and how far it has come for whoever filters', async () => {
  const reader = await open({ apps: 'B' });
  source.put('A', 'i1');
  await clock.advance(ALIVE_MS - 1_000);
  expect(reader.text).not.toContain(': alive');
  await clock.advance(1_000);
  await until('a comment', () => reader.text.includes(': alive\nid: e.1\n\n'));
  await clock.advance(ALIVE_MS);
  await until('another', () => reader.text.split(': alive').length === 3);
});

test('on the way out everybody is given what is left, and told that this server goes away', async () => {
  const reader = await open();
  source.put('A', 'i1');
  hub.close();
  await until('the end', () => reader.ended);
  expect(reader.events.map(({ event, id }) => `${event} ${id}`)).toEqual(['hello e.0', 'delta e.1', 'bye undefined']);
  const late = await open();
  await until('the end', () => late.ended);
  expect(late.events).toEqual([{ id: undefined, event: 'bye', data: {} }]);
  await until('no readers', () => hub.size === 0);
  expect(clock.timers).toBe(0);
});

test('a reader with 256 KiB unsent is dropped, and the others read on', async () => {
  const [slow, brisk] = [await open(), await open()];
  await slow.until(1);
  slow.response.pause();
  let sent = 0;
  let mostUnsent = 0;
  while (hub.size === 2 && sent < 2_000) {
    large(`i${sent++}`);
    await clock.advance(GATHER_MS);
    mostUnsent = Math.max(mostUnsent, unsent());
    await brisk.until(sent + 1);
  }
  expect(hub.size).toBe(1);
  expect(sent).toBeGreaterThan(10);
  expect(mostUnsent).toBeLessThanOrEqual(MAX_UNSENT_BYTES);
  large('last');
  await clock.advance(GATHER_MS);
  expect(shown((await brisk.until(sent + 2)).at(-1))).toEqual(['LARGE/last ADDED UP']);
  slow.response.resume();
  await until('the drop', () => slow.ended);
}, 60_000);

test('a reader who takes nothing for 5 s is dropped, however little waits for it', async () => {
  const stalled = await open();
  await stalled.until(1);
  stalled.response.pause();
  // Until one event is left over that the system has no room for.
  for (let sent = 0; unsent() === 0 && sent < 2_000; sent++) {
    large(`i${sent}`);
    await clock.advance(GATHER_MS);
    await turn();
  }
  expect(unsent()).toBeGreaterThan(0);
  await clock.advance(STALLED_MS - 1_000);
  expect(hub.size).toBe(1);
  await clock.advance(2_000);
  await until('the drop', () => hub.size === 0);
}, 60_000);

test('a reader who has taken everything is kept, however quiet it is', async () => {
  const reader = await open();
  await reader.until(1);
  await clock.advance(20 * 60_000);
  expect(hub.size).toBe(1);
});

test('nothing is gathered and no timer runs while nobody reads', async () => {
  const reader = await open();
  await reader.until(1);
  reader.leave();
  await until('no readers', () => hub.size === 0);
  await clock.advance(1_000);
  source.put('A', 'i1');
  expect(clock.timers).toBe(0);
});
