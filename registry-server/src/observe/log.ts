/**
 * Logs: JSON lines by pino, one for each change of state, none for heartbeats. Lines are gathered and written aside, so that neither a storm
 * of registrations nor a reader that is stuck holds a heartbeat up; at exit pino writes what is left.
 */
import { type Clock, systemClock } from '@heureka/client-sdk/runtime';
import { type DestinationStream, pino } from 'pino';

/** The part of a logger that we use. Facts are fields; messages are for people. */
export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
  /** Whether lines of this level are written; without it they are taken to be. */
  isLevelEnabled?(level: 'info'): boolean;
}

export const SILENT_LOG: Log = { debug() {}, info() {}, warn() {}, error() {}, isLevelEnabled: () => false };

/** A log whose lines are written a little later. */
export interface JsonLog extends Log {
  /** Writes what waits, and resolves when no line is on its way, so that the process may end: what came meanwhile is written at exit. */
  written(): Promise<void>;
}

/** So many bytes are written at once... */
const GATHERED_BYTES = 4_096;
/** ...or what there is after so long, in ms: what a killed process loses at most, and less than a person notices. */
const GATHER_MS = 20;
/** What was left since a write was on its way leaves after so long, in ms. */
const REST_MS = 1_000;
/** Lines that wait for a reader that is stuck, in bytes; more are dropped. */
const WAITING_BYTES = 8 * 1_024 * 1_024;

/** Where gathered lines go. */
interface Gathered {
  write(line: string): unknown;
  flush(): void;
}

/** @param level - least severe level written, to standard output; `silent` for none */
export function jsonLog(level: string): JsonLog {
  const out = pino.destination({
    sync: false,
    minLength: GATHERED_BYTES,
    maxLength: WAITING_BYTES,
    periodicFlush: REST_MS,
  });
  // A log that cannot be written (a full disk) is no reason to stop serving.
  out.on('error', () => {});
  const log = pino(
    { level, base: undefined, timestamp: () => `,"time":"${new Date().toISOString()}"` },
    gathering(out, systemClock),
  );
  return Object.assign(log, { written: () => new Promise<void>((resolve) => out.flush(() => resolve())) });
}

/** Passes lines on, and has them written soon after the first of them. */
export function gathering(out: Gathered, clock: Clock): DestinationStream {
  let due = false;
  const flush = (): void => {
    due = false;
    out.flush();
  };
  return {
    write(line) {
      out.write(line);
      if (due) return;
      due = true;
      clock.after(GATHER_MS, flush);
    },
  };
}

/** What nearly all ids are. */
const PLAIN = /^[\x20-\x7e]*$/;

/** Text from outside as a log shows it: at most 200 characters, nothing that a terminal would obey. */
export function forLog(text: string): string {
  const printable = PLAIN.test(text)
    ? text
    : text.toWellFormed().replaceAll(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, '\ufffd');
  return printable.length > 200 ? `${printable.slice(0, 200)}...` : printable;
}
