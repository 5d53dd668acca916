/**
 * The embedded store's data file: JSON lines, first a snapshot, then each change behind it.
 *
 * A change is written before it is made true and acknowledged, without fsync: it survives the end of the process, not the loss of power.
 * A snapshot is fsynced and then renamed into place. It is written in slices, and changes that come meanwhile are copied behind it from the
 * old file, so nothing waits in memory. Renewals are not kept: leases start afresh when the file is read.
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { InstanceKey } from '../instance-key.ts';
import type { Change, Hold } from '../registry-store.ts';
import type { DataLock } from './data-lock.ts';
import { type Applied, apply, type Entry, emptyState, type Head, type MemoryState } from './memory-state.ts';
import type { Journal } from './memory-store.ts';

/** A line of the file. `past` is a change whose effect the snapshot shows already. */
type Line =
  | { readonly heureka: 1; readonly head: Head | undefined }
  | { readonly entry: Entry; readonly key: InstanceKey }
  | { readonly hold: Hold }
  | { readonly past: Change }
  | { readonly applied: Applied; readonly lease: number; readonly tick: number };

const SLICE = 500;
/** Smaller files are never rewritten. */
const COMPACT_BYTES = 4 * 1_024 * 1_024;
const READ_BYTES = 1_024 * 1_024;

/** Reads a data file; a torn last line, left by a crash in mid-write, is cut off. @throws naming the line that cannot be read */
export async function readData(file: string, now: number, notice: (sentence: string) => void): Promise<MemoryState> {
  const state = emptyState();
  let handle: FileHandle;
  try {
    handle = await open(file, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return state;
    throw error;
  }
  try {
    const buffer = Buffer.alloc(READ_BYTES);
    let rest = Buffer.alloc(0);
    let whole = 0;
    let line = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length);
      if (bytesRead === 0) break;
      const text = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      let start = 0;
      for (let end = text.indexOf(10); end >= 0; end = text.indexOf(10, start)) {
        line++;
        take(state, text.toString('utf8', start, end), `${file}, line ${line}`);
        start = end + 1;
      }
      whole += start;
      rest = text.subarray(start);
    }
    if (rest.length > 0) {
      notice(`the data file ${file} ended in a half-written line (${rest.length} bytes), which was cut off`);
      await handle.truncate(whole);
    }
  } finally {
    await handle.close();
  }
  refresh(state, now);
  return state;
}

function take(state: MemoryState, text: string, where: string): void {
  let line: Line;
  try {
    line = JSON.parse(text) as Line;
  } catch (cause) {
    throw new Error(`the data file cannot be read: ${where} is not JSON; move the file away to start empty`, { cause });
  }
  if ('heureka' in line) {
    if (line.heureka !== 1) throw new Error(`the data file was written by a newer version: ${where}`);
    state.head = line.head;
  } else if ('entry' in line) state.records.set(line.key, line.entry);
  else if ('hold' in line) state.holds.set(line.hold.group, line.hold);
  else if ('past' in line) state.log.push(line.past);
  else if (line.applied !== undefined && state.head !== undefined) {
    if (line.applied.change.previous !== state.head.token) {
      throw new Error(
        `the data file cannot be read: ${where} does not follow the line before; move the file away to start empty`,
      );
    }
    state.head = { ...state.head, lease: line.lease, tick: line.tick };
    apply(state, line.applied);
  } else
    throw new Error(`the data file cannot be read: ${where} is no line of ours; move the file away to start empty`);
}

/** While the process was gone nobody could beat, so every lease starts anew, and the lease clock stood. */
function refresh(state: MemoryState, now: number): void {
  if (state.head === undefined) return;
  state.head = { ...state.head, tick: now };
  for (const entry of state.records.values()) entry.deadline = state.head.lease + entry.duration;
}

export class DataFile implements Journal {
  readonly #file: string;
  readonly #lock: DataLock;
  readonly #notice: (sentence: string) => void;
  #descriptor: number;
  #size: number;
  #snapshotSize: number;
  #compacting: Promise<void> | undefined;

  constructor(file: string, lock: DataLock, notice: (sentence: string) => void) {
    this.#file = file;
    this.#lock = lock;
    this.#notice = notice;
    // Readable too: a snapshot copies the changes that came while it was written.
    this.#descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
    this.#size = fstatSync(this.#descriptor).size;
    this.#snapshotSize = this.#size;
  }

  append(applied: Applied, { lease, tick }: Head): void {
    this.#write(`${JSON.stringify({ applied, lease, tick } satisfies Line)}\n`);
  }

  replace(state: MemoryState): void {
    // A founding in an embedded store is that of its first start, with nothing in it: no need of slices.
    const temporary = `${this.#file}.new`;
    const descriptor = openSync(temporary, 'w+', 0o600);
    for (const slice of lines(state)) writeSync(descriptor, slice);
    this.#swap(temporary, descriptor);
  }

  tick(state: MemoryState): void {
    this.#lock.touch(state.head!.tick);
    if (this.#compacting !== undefined || this.#size < COMPACT_BYTES + 2 * this.#snapshotSize) return;
    this.#compacting = this.#compact(state)
      .catch((error: Error) => this.#notice(`the data file ${this.#file} could not be compacted: ${error.message}`))
      .finally(() => {
        this.#compacting = undefined;
      });
  }

  async close(state: MemoryState): Promise<void> {
    await this.#compacting;
    if (state.head !== undefined) await this.#compact(state);
    closeSync(this.#descriptor);
    this.#lock.release();
  }

  async #compact(state: MemoryState): Promise<void> {
    const temporary = `${this.#file}.new`;
    const behind = this.#size;
    const old = this.#descriptor;
    const slices = lines(copyOf(state));
    const handle = await open(temporary, 'w', 0o600);
    try {
      for (const slice of slices) await handle.write(slice);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // A founding has put another file in place: what was written here is of the history before.
    if (old !== this.#descriptor) return;
    const descriptor = openSync(temporary, 'r+');
    const end = fstatSync(descriptor).size;
    this.#copyTail(behind, descriptor, end);
    this.#swap(temporary, descriptor);
  }

  #copyTail(from: number, to: number, at: number): void {
    const buffer = Buffer.alloc(64 * 1_024);
    for (let done = 0; from + done < this.#size; ) {
      const length = readSync(this.#descriptor, buffer, 0, buffer.length, from + done);
      if (length === 0) break;
      writeSync(to, buffer, 0, length, at + done);
      done += length;
    }
  }

  #swap(temporary: string, descriptor: number): void {
    fsyncSync(descriptor);
    renameSync(temporary, this.#file);
    closeSync(this.#descriptor);
    this.#descriptor = descriptor;
    this.#size = fstatSync(descriptor).size;
    this.#snapshotSize = this.#size;
  }

  #write(text: string): void {
    const bytes = Buffer.from(text);
    try {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(this.#descriptor, bytes, done, bytes.length - done, this.#size + done);
      }
      this.#size += bytes.length;
    } catch (error) {
      // Half a line in the middle would make the rest unreadable.
      ftruncateSync(this.#descriptor, this.#size);
      throw error;
    }
  }
}

/** As it is now: of an entry only the deadline ever moves, which is not kept, so references do. */
function copyOf(state: MemoryState): MemoryState {
  return { head: state.head, records: new Map(state.records), holds: new Map(state.holds), log: [...state.log] };
}

/** A snapshot in slices of some hundred lines. */
function* lines(state: MemoryState): Generator<string> {
  let slice = '';
  let count = 0;
  for (const line of all(state)) {
    slice += `${JSON.stringify(line)}\n`;
    if (++count % SLICE === 0) {
      yield slice;
      slice = '';
    }
  }
  yield slice;
}

function* all({ head, records, holds, log }: MemoryState): Generator<Line> {
  yield { heureka: 1, head };
  for (const [key, entry] of records) yield { key, entry };
  for (const hold of holds.values()) yield { hold };
  for (const past of log) yield { past };
}
