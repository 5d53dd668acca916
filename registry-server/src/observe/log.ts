/** Logs: JSON lines by pino, one for each change of state, none for heartbeats. */
import { pino } from 'pino';

/** The part of a logger that we use. Facts are fields; messages are for people. */
export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export const SILENT_LOG: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** @param level - least severe level written; `silent` for none */
export function jsonLog(level: string): Log {
  return pino({ level, base: undefined, timestamp: () => `,"time":"${new Date().toISOString()}"` });
}

/** Text from outside as a log shows it: at most 200 characters, nothing that a terminal would obey. */
export function forLog(text: string): string {
  const printable = text.toWellFormed().replaceAll(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, '\ufffd');
  return printable.length > 200 ? `${printable.slice(0, 200)}...` : printable;
}
