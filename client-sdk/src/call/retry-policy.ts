/**
 * Whether, when and where a call is sent again: a pure function and its table (`balancing` 7.6 as amended by `sdk-engine` S2 and S5).
 *
 * On `stop` the caller gets the last response if there is one, else an error: that is the engine's business, not decided here.
 */
import { fullJitter } from '../runtime/backoff.ts';
import type { Random } from '../runtime/random.ts';
import { FailureKind } from './failure.ts';

/** Tries that were never sent, a call: enough for a zone to die around it. */
export const MAX_UNSENT = 5;
/** Ceiling of the first pause, and of every pause, in ms (Envoy's). */
const BACKOFF = { baseMs: 25, capMs: 250 };
/** An attempt with less time than this is not worth starting, in ms. */
const LEAST_MS = 5;

/** A failed attempt and its call, as the decision sees them. */
export interface RetryQuestion {
  /** Undefined: the attempt was answered, with `status`. */
  readonly failure: FailureKind | undefined;
  /** Of the answer; 0 without. */
  readonly status: number;
  /** What `Retry-After` asked for, in ms. */
  readonly pushbackMs: number | undefined;
  /** Attempts that were sent so far, this one included if it was. */
  readonly sent: number;
  /** Attempts of this call that were never sent so far, this one included if it was not. */
  readonly unsent: number;
  /** Attempts that may be sent in total; 1 or less: no retries. */
  readonly attempts: number;
  readonly statuses: readonly number[];
  /** The method (or the caller) says that sending twice does what sending once does. */
  readonly idempotent: boolean;
  /** The body can be sent again. */
  readonly replayable: boolean;
  /** Until the call's deadline, in ms. */
  readonly remainingMs: number;
  /** What an attempt usually takes, in ms. */
  readonly medianMs: number;
  /** Instances that could be tried and were not. */
  readonly untried: number;
}

export type RetryDecision =
  | { readonly is: 'stop'; readonly why: StopReason }
  /** `unsent`: the failed attempt never left; an instance of another zone comes first. */
  | { readonly is: 'again'; readonly delayMs: number; readonly unsent: boolean };

export type StopReason =
  | 'mistake'
  | 'nobody'
  | 'deadline'
  | 'attempts'
  | 'not-repeatable'
  | 'not-retryable'
  | 'pushback'
  | 'budget';

/** @param withdraw - asks the budget for one retry; called only when everything else allows it */
export function decideRetry(question: RetryQuestion, withdraw: () => boolean, random: Random): RetryDecision {
  const { failure, status, attempts, sent, unsent } = question;
  if (failure === FailureKind.MISTAKE) return stop('mistake');
  if (attempts <= 1) return stop('attempts');

  if (failure === FailureKind.CONNECT || failure === FailureKind.UNSENT) {
    if (question.remainingMs < Math.max(question.medianMs, LEAST_MS)) return stop('deadline');
    // Nobody else is there: what refused a moment ago refuses now.
    if (question.untried === 0) return stop('nobody');
    // Nothing was sent, so any method may be repeated, and a refusal costs the service nothing: no budget, no pause.
    return unsent < MAX_UNSENT + 1 ? { is: 'again', delayMs: 0, unsent: true } : stop('attempts');
  }
  if (sent >= attempts) return stop('attempts');
  if (!question.idempotent || !question.replayable) return stop('not-repeatable');
  if (failure === undefined && !retryableStatus(question)) return stop('not-retryable');

  const delayMs = pause(question, random);
  if (question.remainingMs < delayMs + Math.max(question.medianMs, LEAST_MS)) {
    return stop(status !== 0 && question.pushbackMs === delayMs ? 'pushback' : 'deadline');
  }
  return withdraw() ? { is: 'again', delayMs, unsent: false } : stop('budget');
}

function retryableStatus({ status, statuses, pushbackMs }: RetryQuestion): boolean {
  // 429 speaks for the whole service more often than for one instance: only when it says when to come back.
  return status === 429 ? pushbackMs !== undefined : statuses.includes(status);
}

/**
 * `Retry-After` of a 503 is about that instance: another one need not wait for it. Of a 429, and when nobody else is left, it holds.
 */
function pause({ status, pushbackMs, untried, sent }: RetryQuestion, random: Random): number {
  if (pushbackMs !== undefined && (status === 429 || untried === 0)) return pushbackMs;
  return fullJitter(Math.max(0, sent - 1), BACKOFF, random);
}

function stop(why: StopReason): RetryDecision {
  return { is: 'stop', why };
}
