import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { claimLock, lockData } from './data-lock.ts';

function dataFile(): { file: string; lock: string; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'heureka-lock-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'registry.jsonl');
  return { file, lock: `${file}.lock`, folder };
}

test('a lock that somebody deleted is written again, and keeps others out as before', () => {
  const { file, lock } = dataFile();
  const held = lockData(file, 1_000);
  rmSync(lock);
  held.touch(5_000);
  expect(statSync(lock).mtimeMs).toBeGreaterThan(0);
  held.touch(6_000);
  expect(statSync(lock).mtimeMs).toBe(6_000);
  expect(() => lockData(file, 6_000)).toThrow(`is used by process ${process.pid}`);
  held.release();
  expect(existsSync(lock)).toBe(false);
});

test('of two starters that found the same dead lock one gets it', () => {
  const { lock, folder } = dataFile();
  for (const dead of ['{"pid":1}', '', undefined]) {
    rmSync(lock, { force: true });
    if (dead !== undefined) writeFileSync(lock, dead);
    expect([claimLock(lock, dead, 'first'), claimLock(lock, dead, 'second')]).toEqual([true, false]);
    expect(readFileSync(lock, 'utf8')).toBe('first');
  }
  expect(readdirSync(folder)).toEqual(['registry.jsonl.lock']);
});

test('the lock of a process that is gone, or of another machine that has been still for long, is taken over', () => {
  const { file, lock } = dataFile();
  for (const owner of ['{"pid":99999999,"host":"x","started":"1"}', 'half a lo']) {
    writeFileSync(lock, owner);
    lockData(file, statSync(lock).mtimeMs + 20_000).release();
  }
  writeFileSync(lock, '{"pid":99999999,"host":"x","started":"1"}');
  expect(() => lockData(file, statSync(lock).mtimeMs + 5_000)).toThrow('is used by process 99999999 on x');
});
