import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { anInstance } from '../testing/an-instance.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { ServiceCache } from './service-cache.ts';
import { SnapshotFile } from './snapshot-file.ts';
import { SnapshotKeeper } from './snapshot-keeper.ts';

const DAY_MS = 24 * 3_600_000;
const metadata: Record<string, string> = Object.assign(Object.create(null), { zone: 'a', text: 'line\nbreak "and" ü' });
const shop = anInstance({ app: 'shop', id: 's1', address: '10.0.0.1', zone: 'a', metadata });
const tls = anInstance({ app: 'tls', id: 't1', address: '::1', port: 8443, secure: true, status: 'DOWN' });

async function aFile() {
  const folder = await mkdtemp(join(tmpdir(), 'snapshot-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const clock = new FakeClock();
  const path = join(folder, 'made', 'snapshot');
  return { folder: join(folder, 'made'), path, clock, file: new SnapshotFile({ path, clock }) };
}

test('what is written is read again, with its age and epoch, by the owner alone', async () => {
  const { file, clock, path, folder } = await aFile();
  expect(await file.read()).toEqual({ is: 'none' });
  await file.write({ epoch: 'e1', trueAt: clock.now() - 1_000, instances: [shop, tls] });
  await clock.advance(500);
  expect(await file.read()).toEqual({
    is: 'read',
    snapshot: { epoch: 'e1', trueAt: clock.now() - 1_500, instances: [shop, tls] },
    ageMs: 1_500,
  });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await file.write({ epoch: undefined, trueAt: clock.now(), instances: [] });
  expect(await file.read()).toMatchObject({ is: 'read', snapshot: { instances: [] } });
  expect(await readdir(folder)).toEqual(['snapshot']);
});

test('a long list is written whole', async () => {
  const { file, clock } = await aFile();
  const instances = Array.from({ length: 1_000 }, (_, n) => anInstance({ id: `i${n}`, port: n + 1 }));
  await file.write({ epoch: undefined, trueAt: clock.now(), instances });
  expect(await file.read()).toMatchObject({ is: 'read', snapshot: { instances } });
});

test('a file that is cut off, changed, or no snapshot is refused with the reason', async () => {
  const { file, clock, path } = await aFile();
  await file.write({ epoch: 'e1', trueAt: clock.now(), instances: [shop, tls] });
  const right = await readFile(path, 'utf8');
  const refused = async (text: string): Promise<string> => {
    await writeFile(path, text);
    const read = await file.read();
    return read.is === 'refused' ? read.why.slice(path.length + 1) : read.is;
  };
  expect(await refused(right.replace('10.0.0.1', '10.6.6.6'))).toBe('does not match its checksum');
  expect(await refused('')).toBe('is no snapshot');
  expect(await refused('{"applications":{}}')).toBe('is no snapshot');
  expect(await refused(right.replace('heureka-snapshot 1', 'heureka-snapshot 2'))).toBe('is of version 2, not 1');
  for (let length = right.length - 1; length > 20; length -= 7) {
    await writeFile(path, right);
    await truncate(path, length);
    expect(await file.read()).toMatchObject({ is: 'refused' });
  }
  expect(await refused(right)).toBe('read');
});

test('a right checksum does not make wrong fields acceptable', async () => {
  const { file, clock } = await aFile();
  for (const wrong of [{ port: 70_000 }, { url: 'no url' }, { status: 'FINE' }, { metadata: null }, { vip: 'x' }]) {
    const instances = [{ ...shop, ...wrong }] as unknown as (typeof shop)[];
    await file.write({ epoch: undefined, trueAt: clock.now(), instances });
    expect(await file.read()).toMatchObject({ is: 'refused' });
  }
});

test('a snapshot of more than a day ago is refused, and one of the future as much', async () => {
  const { file, clock } = await aFile();
  await file.write({ epoch: undefined, trueAt: clock.now(), instances: [shop] });
  clock.jump(DAY_MS);
  expect(await file.read()).toMatchObject({ is: 'read', ageMs: DAY_MS });
  clock.jump(1);
  expect(await file.read()).toMatchObject({ is: 'refused', why: expect.stringContaining('too old') });
  clock.jump(-DAY_MS - 10_000);
  expect(await file.read()).toMatchObject({ is: 'read', ageMs: 0 });
  clock.jump(-2 * DAY_MS);
  expect(await file.read()).toMatchObject({ is: 'refused' });
});

test('a path that cannot be read or written says so, and leaves nothing beside it', async () => {
  const { folder, clock, file } = await aFile();
  await file.write({ epoch: undefined, trueAt: clock.now(), instances: [shop] });
  const ofFolder = new SnapshotFile({ path: folder, clock });
  expect(await ofFolder.read()).toMatchObject({ is: 'refused', why: expect.stringContaining('cannot be read') });
  await expect(ofFolder.write({ epoch: undefined, trueAt: 0, instances: [] })).rejects.toThrow();
  expect(await readdir(join(folder, '..'))).toEqual(['made']);
  expect(await readdir(folder)).toEqual(['snapshot']);
});

test('the keeper fills an empty cache from the file, and writes what the registry answered later', async () => {
  const { file, clock } = await aFile();
  await file.write({ epoch: 'e1', trueAt: clock.now() - 60_000, instances: [shop] });
  const cache = new ServiceCache({ clock });
  const keeper = new SnapshotKeeper({ file, cache, clock, epoch: () => 'e2' });
  expect(await keeper.restore()).toBe(true);
  expect(cache).toMatchObject({ ageMs: 60_000, answered: false });
  keeper.start();
  await clock.advance(30_000);
  expect(await file.read()).toMatchObject({ snapshot: { epoch: 'e1' } });
  cache.snapshot([shop, tls]);
  await clock.advance(1_000);
  await keeper.close();
  expect(await file.read()).toMatchObject({ ageMs: 1_000, snapshot: { epoch: 'e2', instances: [shop, tls] } });
  expect(clock.timers).toBe(0);
});

test('the keeper writes each 30 s at most, when something has changed, and each hour when nothing has', async () => {
  const { file, clock } = await aFile();
  const writes: number[] = [];
  const counting = Object.assign(Object.create(file) as SnapshotFile, {
    write: async () => void writes.push(clock.monotonic()),
  });
  const cache = new ServiceCache({ clock });
  const keeper = new SnapshotKeeper({ file: counting, cache, clock });
  onTestFinished(() => keeper.close());
  keeper.start();
  cache.snapshot([shop]);
  cache.change([tls], []);
  await clock.advance(60_000);
  expect(writes).toEqual([30_000]);
  cache.change([], [tls]);
  await clock.advance(3_600_000);
  expect(writes).toEqual([30_000, 90_000]);
  await clock.advance(3_600_000);
  expect(writes).toEqual([30_000, 90_000, 3_690_000]);
});

test('a refused file, and one that cannot be written, are warnings, each once', async () => {
  const { file, path, clock } = await aFile();
  await file.write({ epoch: undefined, trueAt: clock.now(), instances: [shop] });
  await writeFile(path, 'something else');
  const cache = new ServiceCache({ clock });
  const warnings: string[] = [];
  const keeper = new SnapshotKeeper({ file, cache, clock });
  keeper.onWarning(({ code }) => warnings.push(code));
  expect(await keeper.restore()).toBe(false);
  expect(cache.ready).toBe(false);

  const full = Object.assign(Object.create(file) as SnapshotFile, {
    write: () => Promise.reject(new Error('no space left')),
  });
  const unwritable = new SnapshotKeeper({ file: full, cache, clock });
  unwritable.onWarning(({ code }) => warnings.push(code));
  unwritable.start();
  cache.snapshot([shop]);
  await clock.advance(90_000);
  await unwritable.close();
  expect(warnings).toEqual(['SNAPSHOT_REFUSED', 'SNAPSHOT_FAILED']);
});
