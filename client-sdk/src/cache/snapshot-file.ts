/**
 * The last list that was right, on disk: what a process starts with while no registry answers. Written beside the old one and renamed, so that a
 * reader sees the old or the new and never a part; readable by its owner alone. What cannot be used is refused with a reason, and a file that is
 * a day old would send calls anywhere.
 */
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { threadId } from 'node:worker_threads';
import type { Clock } from '../runtime/clock.ts';
import { readSnapshot, type Snapshot, snapshotText } from './snapshot-text.ts';

export interface SnapshotFileOptions {
  /** One file a process name and zone; never shared by workers. */
  readonly path: string;
  readonly clock: Clock;
  /** Older ones are refused, in ms; default 24 h. */
  readonly maxAgeMs?: number;
}

export type SnapshotRead =
  | { readonly is: 'none' }
  /** `why` is a sentence that names the file. */
  | { readonly is: 'refused'; readonly why: string }
  | { readonly is: 'read'; readonly snapshot: Snapshot; readonly ageMs: number };

const MAX_AGE_MS = 24 * 3_600_000;
/** A registry of 100,000 instances needs some 60 MB. */
const MAX_BYTES = 256 * 1024 * 1024;
const OWNER_ONLY = 0o600;

export class SnapshotFile {
  readonly path: string;
  readonly #clock: Clock;
  readonly #maxAgeMs: number;

  constructor({ path, clock, maxAgeMs = MAX_AGE_MS }: SnapshotFileOptions) {
    this.path = path;
    this.#clock = clock;
    this.#maxAgeMs = maxAgeMs;
  }

  /** Never rejects: whatever is wrong with the file, the process starts without it. */
  async read(): Promise<SnapshotRead> {
    let text: string;
    try {
      if ((await stat(this.path)).size > MAX_BYTES) return this.#refused('is too large');
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { is: 'none' };
      return this.#refused(`cannot be read (${(error as Error).message})`);
    }
    const snapshot = readSnapshot(text);
    if (typeof snapshot === 'string') return this.#refused(snapshot);
    const ageMs = this.#clock.now() - snapshot.trueAt;
    // A clock that was set back makes files of the future; by how much nobody knows.
    if (Math.abs(ageMs) > this.#maxAgeMs) return this.#refused(`is too old (of ${dateOf(snapshot.trueAt)})`);
    return { is: 'read', snapshot, ageMs: Math.max(ageMs, 0) };
  }

  /** @throws what the file system says; the old file then stands as it was */
  async write({ epoch, trueAt, instances }: Snapshot): Promise<void> {
    const beside = `${this.path}.${process.pid}-${threadId}.tmp`;
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    try {
      // Left by a process that had our id and was killed while writing.
      await rm(beside, { force: true });
      const file = await open(beside, 'wx', OWNER_ONLY);
      try {
        await writeFile(file, snapshotText({ epoch, trueAt }, instances));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(beside, this.path);
    } catch (error) {
      await rm(beside, { force: true }).catch(() => {});
      throw error;
    }
  }

  #refused(why: string): SnapshotRead {
    return { is: 'refused', why: `${this.path} ${why}` };
  }
}

function dateOf(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}
