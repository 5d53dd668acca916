import { expect, test } from 'vitest';
import { RecentChanges } from './recent-changes.ts';
import type { AppliedChange, Cursor } from './replica-reader.ts';

const at = (version: number, epoch = 'e'): Cursor => ({ epoch, version });

function change(version: number, time = 0): AppliedChange {
  return { cursor: at(version), at: time, key: `A/${version}`, app: 'A', id: String(version) } as AppliedChange;
}

const versions = (changes: readonly AppliedChange[] | undefined): number[] | undefined =>
  changes?.map(({ cursor }) => cursor.version);

test('who holds the list that a node began with is told exactly what came after it', () => {
  const recent = new RecentChanges();
  recent.clear(5);
  expect(versions(recent.after(at(5), at(5)))).toEqual([]);
  recent.add(change(6));
  recent.add(change(8));
  expect(versions(recent.after(at(5), at(8)))).toEqual([6, 8]);
  expect(versions(recent.after(at(6), at(8)))).toEqual([8]);
  // A version without a change, such as a hold.
  expect(versions(recent.after(at(7), at(8)))).toEqual([8]);
  expect(versions(recent.after(at(8), at(9)))).toEqual([]);
});

test('what is older than the beginning, of the future, or of another history cannot be told', () => {
  const recent = new RecentChanges();
  recent.clear(5);
  recent.add(change(6));
  expect(recent.after(at(4), at(6))).toBeUndefined();
  expect(recent.after(at(7), at(6))).toBeUndefined();
  expect(recent.after(at(6, 'other'), at(6))).toBeUndefined();
});

test('after ten minutes, or ten thousand changes, a change is forgotten, and whoever would need it is told so', () => {
  const recent = new RecentChanges();
  recent.clear(0);
  recent.add(change(1, 0));
  recent.add(change(2, 1_000));
  recent.forget(600_500);
  expect(recent.after(at(0), at(2))).toBeUndefined();
  expect(versions(recent.after(at(1), at(2)))).toEqual([2]);

  for (let version = 3; version <= 10_100; version++) recent.add(change(version, 2_000));
  expect(recent.after(at(99), at(10_100))).toBeUndefined();
  expect(recent.after(at(100), at(10_100))).toHaveLength(10_000);
});
