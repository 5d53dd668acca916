import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@heureka/client-sdk/testing';
import { expect, onTestFinished, test } from 'vitest';
import { instanceKey } from '../instance-key.ts';
import { aProposal, aPut, aRecord, founded } from '../registry-store.contract.ts';
import type { Position, RegistryStore } from '../registry-store.ts';
import { type OpenMemoryStoreOptions, openMemoryStore } from './open-memory-store.ts';

const KEY = instanceKey('ORDERS', 'a');
const NODE = { id: 'n1', url: '', schema: 1, renewsLastMinute: 0 };

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'heureka-data-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function opened(data: string, more: Partial<OpenMemoryStoreOptions> = {}): Promise<RegistryStore> {
  return openMemoryStore({ clock: new FakeClock(), data, ...more });
}

/** What a crash leaves: the file as it is. */
function crashed(data: string): string {
  const file = join(folder(), 'registry.jsonl');
  writeFileSync(file, readFileSync(join(data, 'registry.jsonl')));
  return file;
}

async function withChange(store: RegistryStore): Promise<Position> {
  const on = await founded(store);
  await store.commit(aProposal(on, aPut(KEY), { lease: { duration: 30_000, age: 29_000 } }));
  return on;
}

test('what was acknowledged is there after a restart and after a crash, with a fresh lease and the same history', async () => {
  const data = folder();
  const store = await opened(data);
  const on = await withChange(store);
  const crash = crashed(data);
  await store.close();

  for (const again of [await opened(data), await opened(crash)]) {
    onTestFinished(() => again.close());
    expect(await again.attach(on)).toMatchObject({ kind: 'follows', position: { epoch: on.epoch, version: 101 } });
    expect(await again.read([KEY])).toEqual([expect.objectContaining({ revision: 101, age: 0, record: aRecord(KEY) })]);
    expect((await again.load()).recent.map(({ version }) => version)).toEqual([101]);
    expect(await again.commit(aProposal(on, aPut(instanceKey('ORDERS', 'b'))))).toMatchObject({
      change: { version: 102 },
    });
  }
});

test('a torn last line is cut off and said, and writing goes on behind it', async () => {
  const data = folder();
  const store = await opened(data);
  const on = await withChange(store);
  const file = crashed(data);
  await store.close();
  appendFileSync(file, '{"applied":{"change"');
  const notices: string[] = [];

  const again = await opened(file, { notice: (sentence) => notices.push(sentence) });
  await again.commit(aProposal(on, aPut(instanceKey('ORDERS', 'b'))));
  await again.close();

  expect(notices).toEqual([expect.stringMatching(/half-written line \(20 bytes\)/)]);
  const third = await opened(file);
  onTestFinished(() => third.close());
  expect(await third.attach(undefined)).toMatchObject({ kind: 'follows', position: { version: 102 } });
});

test('a line that is wrong in the middle stops the start, with its number', async () => {
  const file = join(folder(), 'broken.jsonl');
  writeFileSync(file, '{"heureka":1}\nnonsense\n');
  await expect(opened(file)).rejects.toThrow(/line 2 is not JSON/);
  truncateSync(file, 0);
  const store = await opened(file);
  onTestFinished(() => store.close());
  expect(await store.attach(undefined)).toEqual({ kind: 'empty' });
});

test('a second store on the same file is refused by a sentence that names the option', async () => {
  const data = folder();
  const store = await opened(data);
  await expect(opened(data)).rejects.toThrow(/is used by process \d+ .*--data/);
  await store.close();
  await (await opened(data)).close();
});

test('a file that has grown is compacted while changes come, and loses none of them', async () => {
  const data = folder();
  const clock = new FakeClock();
  const store = await opened(data, { clock });
  const on = await founded(store);
  const file = join(data, 'registry.jsonl');
  const record = aRecord('x'.repeat(4_000));
  let expectedRevision = 0;
  const write = async (): Promise<void> => {
    const answer = await store.commit(aProposal(on, aPut(KEY, record), { expected: expectedRevision }));
    if (answer.is === 'committed') expectedRevision = answer.change.version;
  };
  for (let count = 0; count < 1_200; count++) await write();
  await clock.advance(700_000);
  await store.tick(NODE);
  const grown = statSync(file).size;
  for (let count = 0; count < 50; count++) {
    await write();
    await new Promise((resolve) => setImmediate(resolve));
  }
  while (statSync(file).size >= grown) await new Promise((resolve) => setImmediate(resolve));
  await write();
  const copy = crashed(data);
  await store.close();

  const again = await opened(copy);
  onTestFinished(() => again.close());
  expect(await again.attach(undefined)).toMatchObject({ position: { version: 1_351 } });
  expect((await again.read([KEY]))[0]!.revision).toBe(1_351);
});
