/** Keeps two processes from using one data file. */
import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
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
  /** Shows that the owner lives; once a second. Writes the lock again where somebody has deleted it. @param now - epoch ms */
  touch(now: number): void;
  release(): void;
}

/** @throws when another process uses `file`, naming the option that helps */
export function lockData(file: string, now: number): DataLock {
  const path = `${file}.lock`;
  const self: Owner = { pid: process.pid, host: hostname(), started: startOf(process.pid) };
  // Told from every other claim, so that it can be known again.
  const claim = JSON.stringify({ ...self, claim: randomUUID() });
  const found = textOf(path);
  const owner = found === undefined ? undefined : ownerOf(found);
  if ((owner !== undefined && lives(owner, self, path, now)) || !claimLock(path, found, claim)) {
    const { pid, host } = owner ?? ownerOf(textOf(path) ?? '') ?? { pid: 'another', host: 'this machine' };
    throw new Error(
      `the data file ${file} is used by process ${pid} on ${host}: give this one another with --data, or share one Redis with --redis`,
    );
  }
  return {
    touch(at) {
      try {
        utimesSync(path, at / 1_000, at / 1_000);
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error;
        writeFileSync(path, claim, { flag: 'wx' });
      }
    },
    release: () => rmSync(path, { force: true }),
  };
}

/**
 * Takes the lock in the place of a dead one. Of several starters that found the same dead lock one gets it.
 *
 * @param dead - what was found in the lock file; undefined: there was none
 * @returns false when somebody else was quicker
 */
export function claimLock(path: string, dead: string | undefined, claim: string): boolean {
  try {
    if (dead !== undefined && !removed(path, dead)) return false;
    writeFileSync(path, claim, { flag: 'wx' });
    // Whoever found it before it was written took it for a dead one.
    return textOf(path) === claim;
  } catch (error) {
    if (codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Moves the file away before it looks: what stood there may have been another's claim by then, and goes back. */
function removed(path: string, dead: string): boolean {
  const aside = `${path}.${randomUUID()}`;
  renameSync(path, aside);
  if (textOf(aside) === dead) {
    rmSync(aside);
    return true;
  }
  renameSync(aside, path);
  return false;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** Undefined for half a lock, or none of ours. */
function ownerOf(text: string): Owner | undefined {
  try {
    return JSON.parse(text) as Owner;
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
