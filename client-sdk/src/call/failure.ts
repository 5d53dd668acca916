/**
 * What an attempt's failure means: for the call (may it be sent again?) and for the instance (does it count against its health?).
 * Pure; the table is `balancing` 5.4, with the caller's own mistakes told apart (`sdk-engine` S2).
 */
import { Outcome } from '../balancer/balancer.ts';
import type { AttemptOutcome, Attempt as AttemptRecord } from '../errors.ts';

/** How far an attempt came. */
export type Phase = AttemptRecord['phase'];

export const FailureKind = {
  /** The request itself is wrong: no instance could take it. */
  MISTAKE: 0,
  /** No connection: refused, no route, timed out. Nothing was sent. */
  CONNECT: 1,
  /** Nothing was sent for a reason that says nothing of the instance: its pool was closed, or busy for too long. */
  UNSENT: 2,
  /** Broken after it was sent: reset, no headers in time, nonsense for an answer. */
  BROKEN: 3,
} as const;
export type FailureKind = (typeof FailureKind)[keyof typeof FailureKind];

/** undici fails these before it has a connection: they look never sent, and every instance would refuse them again. */
const MISTAKES: ReadonlySet<string> = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
]);

/** A pool that is being closed: another instance, or a new pool, may take it. */
const CLOSED: ReadonlySet<string> = new Set(['UND_ERR_CLOSED', 'UND_ERR_DESTROYED']);

/** @param started - a connection had taken the request */
export function failureKind(error: Error, started: boolean): FailureKind {
  const code = errorCode(error);
  if (MISTAKES.has(code)) return FailureKind.MISTAKE;
  if (started) return FailureKind.BROKEN;
  if (CLOSED.has(code)) return FailureKind.UNSENT;
  // A TypeError or the like without code was thrown by the library over what it was given.
  return code === '' && !(error instanceof AggregateError) ? FailureKind.MISTAKE : FailureKind.CONNECT;
}

/** Of an error or, where it has none, of what caused it; `''`: none. */
export function errorCode(error: unknown): string {
  for (let link = error, depth = 0; link !== null && typeof link === 'object' && depth < 4; depth++) {
    const { code, cause, errors } = link as { code?: unknown; cause?: unknown; errors?: readonly unknown[] };
    if (typeof code === 'string') return code;
    link = cause ?? errors?.[0];
  }
  return '';
}

/** How the outcome is told to users. */
export function outcomeOf(error: unknown): AttemptOutcome {
  return { is: 'error', code: errorCode(error) || (error instanceof Error ? error.name : 'UNKNOWN'), cause: error };
}

/** Statuses that count against an instance: it, or what stands before it, cannot do its work. */
export function statusFails(status: number): boolean {
  return status === 502 || status === 503 || status === 504;
}

/** What a failure says of the instance. */
export function healthOutcome(kind: FailureKind): Outcome {
  if (kind === FailureKind.CONNECT) return Outcome.CONNECT_FAILED;
  return kind === FailureKind.BROKEN ? Outcome.FAILED : Outcome.IGNORED;
}

/** `Retry-After` in seconds or as a date. @returns ms from now, at least 0; undefined: none, or unreadable */
export function retryAfterMs(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1_000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
