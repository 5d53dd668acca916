/**
 * The port between one call (`call.ts`) and the service that it calls (`service-caller.ts`), and the terms on which a call may be repeated.
 * Shapes only.
 */
import type { FallbackAnswer, Instance } from '../api.ts';
import type { Balancer, Slot } from '../balancer/balancer.ts';
import type { Attempt as AttemptRecord, CallError, CallErrorCode, CallErrorFacts } from '../errors.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import type { Attempt } from './attempt.ts';
import type { CallCounters } from './call-counters.ts';
import type { DeadlineList } from './deadline-list.ts';
import type { CallOptions } from './wire.ts';

/** What a call needs of the service that it calls. */
export interface CallSetting {
  readonly balancer: Balancer;
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: CallCounters;
  /** Attempts that wait for a connection. */
  readonly unstarted: DeadlineList;
  /** Nothing new is sent. */
  readonly closed: boolean;
  /** Sends an attempt over the slot's own connections. @throws what the caller did wrong */
  dispatch(slot: Slot, options: CallOptions, attempt: Attempt): void;
  /** Whether an outcome counts against an instance. */
  fails(status: number): boolean;
  countsAgainst(error: Error): boolean;
  /** Nobody could be reached at this instance's address. */
  refused(instance: Instance): void;
  /** Asks for one retry of what may have been received. */
  withdraw(): boolean;
  /** A call that was admitted has its outcome; `well`: a response that speaks for the service. */
  settled(well: boolean): void;
  /** Tells of a retry, and of a pick that found nobody. */
  retried(reason: 'unsent' | 'failed', delayMs: number, options: CallOptions): void;
  pickFailed(tried: number, options: CallOptions): void;
  /** Nobody can be picked, and nothing was tried. */
  nobody(): CallError;
  error(code: CallErrorCode, message: string, facts: Omit<CallErrorFacts, 'service'>): CallError;
  /** No list of instances came in time. */
  notReady(): CallError;
  /** What the service answers when nothing is left; never rejects. Undefined: it has none. */
  readonly fallback: ((error: CallError, options: CallOptions) => Promise<FallbackAnswer | undefined>) | undefined;
  /** Whether anybody wants to hear of attempts, as most often nobody does. */
  readonly audience: { readonly heard: boolean };
  /** Tells of one attempt that ended. */
  attempted(record: AttemptRecord, options: CallOptions): void;
}

/** How a call may be repeated, from the service's options and the call's own. */
export interface CallTerms {
  /** Sending twice does what sending once does. */
  readonly idempotent: boolean;
  /** Attempts that may be sent in total. */
  readonly attempts: number;
  readonly statuses: readonly number[];
  /** Until the caller has response headers, in ms. */
  readonly totalMs: number;
  /** Of a body that comes in pieces, what is kept to be sent again. */
  readonly maxReplayBytes: number;
}
