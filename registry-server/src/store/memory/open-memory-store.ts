/** The embedded store as the server opens it: with its data file, or without. */
import { mkdirSync, statSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import type { Clock } from '@heureka/client-sdk/runtime';
import { DataFile, readData } from './data-file.ts';
import { lockData } from './data-lock.ts';
import { MemoryStore } from './memory-store.ts';

export interface OpenMemoryStoreOptions {
  readonly clock: Clock;
  /** A folder, or a file (a name with an extension); `none`: nothing is kept, and a restart serves an empty registry. */
  readonly data: string;
  /** Told in a sentence what an operator should know, such as a torn last line. */
  readonly notice?: (sentence: string) => void;
}

/** @throws with an operator's sentence when the file is used by another process, cannot be read, or was written by a newer version */
export async function openMemoryStore({
  clock,
  data,
  notice = () => {},
}: OpenMemoryStoreOptions): Promise<MemoryStore> {
  if (data === 'none') return new MemoryStore({ clock });
  const file = fileOf(resolve(data));
  mkdirSync(dirname(file), { recursive: true });
  const lock = lockData(file, clock.now());
  try {
    const state = await readData(file, clock.now(), notice);
    return new MemoryStore({ clock, state, journal: new DataFile(file, lock, notice) });
  } catch (error) {
    lock.release();
    throw error;
  }
}

function fileOf(path: string): string {
  const known = statSync(path, { throwIfNoEntry: false });
  const isFile = known === undefined ? extname(path) !== '' : known.isFile();
  return isFile ? path : join(path, 'registry.jsonl');
}
