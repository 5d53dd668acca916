/** Keeps two processes from using one data file. */
import { closeSync, openSync, readFileSync, rmSync, statSync, utimesSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';

/** A lock of another machine or container that was not touched for so long is a dead one. */
const STALE_MS = 10_000;

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When the process started, as the system tells it: a process id alone may have been given to another. */
  readonly started: string;
}

export interface DataLock {
  /** Shows that the owner lives; once a second. @param now - epoch ms */
  touch(now: number): void;
  release(): void;
}

/** @throws when another process uses `file`, naming the option that helps */
export function lockData(file: string, now: number): DataLock {
  const path = `${file}.lock`;
  const self: Owner = { pid: process.pid, host: hostname(), started: startOf(process.pid) };
  let descriptor: number;
  try {
    descriptor = openSync(path, 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const owner = ownerOf(path);
    if (owner !== undefined && lives(owner, self, path, now)) {
      throw new Error(
        `the data file ${file} is used by process ${owner.pid} on ${owner.host}: give this one another with --data, or share one Redis with --redis`,
      );
    }
    rmSync(path, { force: true });
    descriptor = openSync(path, 'wx');
  }
  writeSync(descriptor, JSON.stringify(self));
  closeSync(descriptor);
  return {
    touch: (at) => utimesSync(path, at / 1_000, at / 1_000),
    release: () => rmSync(path, { force: true }),
  };
}

function ownerOf(path: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

function lives(owner: Owner, self: Owner, path: string, now: number): boolean {
  if (owner.host !== self.host) return now - statSync(path).mtimeMs < STALE_MS;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return owner.started === startOf(owner.pid);
}

/** Empty where the system does not tell. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
