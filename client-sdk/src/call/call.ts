/**
 * One call of a service, from the caller's request to the answer it gets: pick an instance, attempt, and on failure attempt again elsewhere
 * while method, body, budget and deadline allow it. Every caller (fetch, request, a dispatcher of the user's) goes through here.
 *
 * What goes wrong ends in one of three ways: another attempt, the last response after all, or a `CallError` that lists every attempt.
 */
import { AsyncResource } from 'node:async_hooks';
import type { Duplex } from 'node:stream';
import { NO_SLOT, Outcome, type Slot, type Want } from '../balancer/balancer.ts';
import type { AttemptOutcome, Attempt as AttemptRecord, CallError } from '../errors.ts';
import type { Timer } from '../runtime/clock.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import type { CallSetting, CallTerms } from './call-setting.ts';
import { DeadlineList, Waiting } from './deadline-list.ts';
import { FailureKind, failureKind, healthOutcome, outcomeOf, type Phase, retryAfterMs } from './failure.ts';
import { giveFallback, rawAnswer } from './fallback-answer.ts';
import { ParkedResponse } from './parked-response.ts';
import type { ReplayBody } from './replay-body.ts';
import { decideRetry } from './retry-policy.ts';
import { type Abort, type CallHandler, type CallOptions, type RawHeaders, responseHeader } from './wire.ts';

type StopCode = 'ERR_ATTEMPTS_FAILED' | 'ERR_CALL_TIMEOUT' | 'ERR_CLOSED';

const NONE_TRIED: Slot[] = [];

export class Call extends Waiting implements AttemptOwner, Want {
  tried: Slot[] = NONE_TRIED;
  repeatable: boolean;
  neverSent = false;
  readonly affinityKey: string | undefined;
  readonly hint: Readonly<Record<string, string>> | undefined;

  readonly #setting: CallSetting;
  readonly terms: CallTerms;
  readonly #caller: CallHandler;
  /** As it is sent: the caller's, but for a body that comes in pieces. */
  readonly #options: CallOptions;
  readonly #body: ReplayBody | undefined;
  /** Retries run in the context of who called, not of who opened the socket. */
  readonly #context: AsyncResource;
  #current: Attempt | undefined;
  #forwarding: Attempt | undefined;
  #parked: ParkedResponse | undefined;
  #pause: Timer | undefined;
  #records: AttemptRecord[] | undefined;
  #lastError: Error | undefined;
  #sent = 0;
  #unsent = 0;
  #started = false;
  #over = false;

  constructor(
    setting: CallSetting,
    terms: CallTerms,
    options: CallOptions,
    body: ReplayBody | undefined,
    caller: CallHandler,
  ) {
    super();
    this.#setting = setting;
    this.terms = terms;
    this.#options = options;
    this.#body = body;
    this.#caller = caller;
    // The handler of undici's `request` is one already, made in its caller's turn.
    this.#context = caller instanceof AsyncResource ? caller : new AsyncResource('HEUREKA_CALL');
    this.repeatable = terms.idempotent && terms.attempts > 1;
    setting.counters.inflight++;
    this.affinityKey = options.affinityKey;
    this.hint = options.hint;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Hand this to the caller: it ends the call at any moment, also while nothing is on its way. */
  readonly abort: Abort = (reason = aborted()) => {
    if (this.#over) return;
    const { counters, balancer, clock } = this.#setting;
    counters.aborted++;
    const now = clock.monotonic();
    const { current, forwarding } = { current: this.#current, forwarding: this.#forwarding };
    this.#finish();
    if (current !== undefined) this.#takeBack(current, Outcome.IGNORED, { is: 'aborted' }, reason, now);
    if (forwarding !== undefined) {
      balancer.end(forwarding.slot, forwarding.ticket);
      forwarding.orphan();
      forwarding.end(reason);
    }
    this.#caller.onError(reason);
  };

  /** Waits for the first list of instances, at most as long as `patience` says; then it is refused. */
  await(patience: DeadlineList, now: number): void {
    patience.add(this, now);
  }

  /** The first attempt, in its caller's turn. @param deadlines - the list that this call's total time belongs in */
  start(deadlines: DeadlineList, now: number): void {
    this.#started = true;
    deadlines.add(this, now);
    this.#try(now);
  }

  /** The same, in a later turn. */
  startLate(deadlines: DeadlineList, now: number): void {
    DeadlineList.remove(this);
    if (this.#over) return;
    this.#context.runInAsyncScope(this.start, this, deadlines, now);
  }

  /** Ends a call that nothing was tried for. */
  refuse(error: CallError): void {
    if (!this.#over) this.#end(error);
  }

  /** The total time is up, and the caller has no response yet. */
  override expired(now: number): void {
    if (!this.#started) {
      this.#end(this.#setting.notReady());
      return;
    }
    const attempt = this.#current;
    if (attempt !== undefined) {
      // An attempt that was given less time than such an answer takes says nothing of its instance.
      const fair = attempt.started && now - attempt.begunAt >= this.#setting.balancer.medianMs;
      const told: AttemptOutcome = { is: 'error', code: 'ERR_CALL_TIMEOUT', cause: undefined };
      this.#takeBack(attempt, fair ? Outcome.FAILED : Outcome.IGNORED, told, TIMED_OUT, now);
    }
    this.#stop('ERR_CALL_TIMEOUT');
  }

  #try(now: number): void {
    const { balancer, unstarted, counters, closed } = this.#setting;
    if (closed) {
      this.#stop('ERR_CLOSED');
      return;
    }
    const slot = balancer.pick(now, this);
    if (slot === NO_SLOT) {
      this.#setting.pickFailed(this.tried.length, this.#options);
      this.#stop(this.#records === undefined ? undefined : 'ERR_ATTEMPTS_FAILED');
      return;
    }
    counters.attempts++;
    const attempt = new Attempt(this, slot, balancer.begin(slot, now), balancer.instance(slot), now);
    this.#current = attempt;
    try {
      this.#setting.dispatch(slot, this.#options, attempt);
    } catch (error) {
      if (this.#current === attempt) this.#mistaken(attempt, error as Error);
      return;
    }
    if (!attempt.started && this.#current === attempt) unstarted.add(attempt, now);
  }

  started(attempt: Attempt): void {
    DeadlineList.remove(attempt);
    this.#sent++;
  }

  responseStarted(attempt: Attempt): void {
    if (attempt === this.#current) this.#caller.onResponseStarted?.();
  }

  bodySent(attempt: Attempt, chunk: number, total: number): void {
    if (attempt === this.#current) this.#caller.onBodySent?.(chunk, total);
  }

  requestSent(attempt: Attempt): void {
    if (attempt === this.#current) this.#caller.onRequestSent?.();
  }

  headers(attempt: Attempt, status: number, headers: RawHeaders, resume: () => void, statusText: string): boolean {
    if (status < 200) {
      this.#caller.onHeaders(status, headers, resume, statusText);
      return true;
    }
    const setting = this.#setting;
    const now = setting.clock.monotonic();
    const ms = now - attempt.begunAt;
    const fails = setting.fails(status);
    const pushbackMs =
      status === 503 || status === 429
        ? retryAfterMs(responseHeader(headers, 'retry-after'), setting.clock.now())
        : undefined;
    setting.balancer.judge(attempt.slot, attempt.ticket, fails ? Outcome.FAILED : Outcome.OK, ms, now, pushbackMs ?? 0);
    this.#recordStatus(attempt, status, ms, fails);
    if (status >= 400 && (fails || status === 429 || this.terms.statuses.includes(status))) {
      const parked = new ParkedResponse(attempt, status, headers, resume, statusText);
      if (this.#again(attempt, undefined, status, pushbackMs, now, parked)) return true;
    }
    setting.counters.observe(ms);
    this.#commit(attempt, !fails);
    return this.#caller.onHeaders(status, headers, resume, statusText);
  }

  data(attempt: Attempt, chunk: Buffer): boolean {
    if (attempt === this.#forwarding) return this.#caller.onData(chunk);
    return this.#parked?.attempt === attempt ? this.#parked.data(chunk) : true;
  }

  completed(attempt: Attempt, trailers: string[] | null): void {
    this.#setting.balancer.end(attempt.slot, attempt.ticket);
    if (attempt === this.#forwarding) {
      this.#finish();
      this.#caller.onComplete(trailers);
    } else if (this.#parked?.attempt === attempt) this.#parked.completed(trailers);
  }

  failed(attempt: Attempt, error: Error): void {
    DeadlineList.remove(attempt);
    const { balancer, clock } = this.#setting;
    const now = clock.monotonic();
    if (attempt !== this.#current) {
      // A body cut short: of the answer that the caller gets, or of one that is kept.
      balancer.judge(attempt.slot, attempt.ticket, Outcome.FAILED, now - attempt.begunAt, now, 0);
      balancer.end(attempt.slot, attempt.ticket);
      if (this.#parked?.attempt === attempt) {
        this.#parked.failed(error);
        return;
      }
      this.#finish();
      this.#caller.onError(error);
      return;
    }
    const kind = this.#body?.failed ? FailureKind.MISTAKE : failureKind(error, attempt.started);
    if (kind === FailureKind.MISTAKE) {
      this.#mistaken(attempt, error);
      return;
    }
    const outcome = this.#setting.countsAgainst(error) ? healthOutcome(kind) : Outcome.IGNORED;
    this.#failedAttempt(attempt, kind, outcome, error, now);
  }

  upgraded(attempt: Attempt, status: number, headers: RawHeaders, socket: Duplex): void {
    const { balancer, clock, counters } = this.#setting;
    const now = clock.monotonic();
    balancer.judge(attempt.slot, attempt.ticket, Outcome.OK, now - attempt.begunAt, now, 0);
    // From here on the socket is the caller's, for as long as he likes: it says no more of the instance's load.
    balancer.end(attempt.slot, attempt.ticket);
    counters.observe(now - attempt.begunAt);
    this.#recordStatus(attempt, status, now - attempt.begunAt, false);
    this.#commit(attempt, true);
    this.#finish();
    if (this.#caller.onUpgrade === undefined) socket.destroy();
    else this.#caller.onUpgrade(status, headers, socket);
  }

  stranded(attempt: Attempt): void {
    DeadlineList.remove(attempt);
    if (attempt !== this.#current) return;
    this.#setting.counters.poolWaits++;
    attempt.orphan();
    const now = this.#setting.clock.monotonic();
    this.#failedAttempt(attempt, FailureKind.UNSENT, Outcome.IGNORED, NO_CONNECTION, now);
  }

  /** The caller's own mistake, or his stream's: no instance could have done better. */
  #mistaken(attempt: Attempt, error: Error): void {
    const { balancer, clock } = this.#setting;
    const now = clock.monotonic();
    balancer.judge(attempt.slot, attempt.ticket, Outcome.IGNORED, now - attempt.begunAt, now, 0);
    balancer.end(attempt.slot, attempt.ticket);
    attempt.orphan();
    this.#finish();
    this.#caller.onError(error);
  }

  #failedAttempt(attempt: Attempt, kind: FailureKind, outcome: Outcome, error: Error, now: number): void {
    const { balancer } = this.#setting;
    const ms = now - attempt.begunAt;
    balancer.judge(attempt.slot, attempt.ticket, outcome, ms, now, 0);
    balancer.end(attempt.slot, attempt.ticket);
    this.#lastError = error;
    this.#record(attempt, attempt.started ? 'sent' : 'never-sent', outcomeOf(error), ms);
    if (!attempt.started) this.#unsent++;
    if (kind === FailureKind.CONNECT) this.#setting.refused(attempt.instance);
    if (this.#setting.closed) this.#stop('ERR_CLOSED');
    else if (!this.#again(attempt, kind, 0, undefined, now, undefined)) this.#stop('ERR_ATTEMPTS_FAILED');
  }

  /** Decides on another attempt and sets it going. @returns false: this was the last */
  #again(
    attempt: Attempt,
    failure: FailureKind | undefined,
    status: number,
    pushbackMs: number | undefined,
    now: number,
    parked: ParkedResponse | undefined,
  ): boolean {
    const { balancer, counters, random, clock } = this.#setting;
    if (this.tried === NONE_TRIED) this.tried = [attempt.slot];
    else this.tried.push(attempt.slot);
    const decision = decideRetry(
      {
        failure,
        status,
        pushbackMs,
        sent: this.#sent,
        unsent: this.#unsent,
        attempts: this.terms.attempts,
        statuses: this.terms.statuses,
        idempotent: this.terms.idempotent,
        replayable: this.#body?.replayable ?? true,
        remainingMs: this.dueAt - now,
        medianMs: balancer.medianMs,
        untried: balancer.eligible(this),
      },
      () => this.#setting.withdraw(),
      random,
    );
    if (decision.is === 'stop') return false;
    if (decision.unsent) counters.retriesUnsent++;
    else counters.retries++;
    this.#setting.retried(decision.unsent ? 'unsent' : 'failed', decision.delayMs, this.#options);
    if (parked !== undefined) {
      this.#drop();
      this.#parked = parked;
    }
    this.#current = undefined;
    this.neverSent = decision.unsent;
    if (decision.delayMs > 0) this.#pause = clock.after(decision.delayMs, () => this.#retry());
    else this.#retry();
    return true;
  }

  #retry(): void {
    this.#pause = undefined;
    if (!this.#over) this.#context.runInAsyncScope(this.#try, this, this.#setting.clock.monotonic());
  }

  /** The caller gets this attempt's response. */
  #commit(attempt: Attempt, well: boolean): void {
    this.#current = undefined;
    this.#forwarding = attempt;
    DeadlineList.remove(this);
    this.#drop();
    this.#setting.settled(well);
  }

  /** No more attempts: the last response if there is one, else the error. @param code - undefined: nothing was tried */
  #stop(code: StopCode | undefined): void {
    this.#current = undefined;
    const parked = this.#parked;
    if (parked === undefined) {
      this.#end(code === undefined ? this.#setting.nobody() : this.#failure(code));
      return;
    }
    DeadlineList.remove(this);
    this.#pause?.cancel();
    this.#setting.settled(false);
    parked.give(this.#caller, () => this.#finish());
  }

  /** No response: the fallback's answer, or the error. */
  #end(error: CallError): void {
    DeadlineList.remove(this);
    this.#pause?.cancel();
    const { fallback, counters } = this.#setting;
    // A call for which nothing was tried says nothing of the service.
    if (this.#started && (this.#sent > 0 || this.#unsent > 0)) this.#setting.settled(false);
    else counters.failed++;
    if (fallback === undefined) {
      this.#finish();
      this.#caller.onError(error);
      return;
    }
    void this.#context.runInAsyncScope(fallback, undefined, error, this.#options).then((answer) => {
      if (this.#over) return;
      this.#finish();
      const raw = rawAnswer(answer);
      if (raw === undefined) this.#caller.onError(error);
      else {
        counters.fallbacks++;
        giveFallback(raw, this.#caller);
      }
    });
  }

  #failure(code: StopCode): CallError {
    const attempts = this.#records ?? [];
    if (code === 'ERR_CLOSED') return this.#setting.error(code, 'cannot be called: discovery is closed', { attempts });
    const message =
      code === 'ERR_CALL_TIMEOUT'
        ? `gave no answer within ${this.terms.totalMs} ms (option totalMs)`
        : `could not be reached: ${attempts.length === 1 ? '1 attempt' : `${attempts.length} attempts`} failed`;
    const cause = this.#lastError;
    const facts = { attempts, retryable: true, retriesExhausted: attempts.length > 1 };
    return this.#setting.error(code, message, cause === undefined ? facts : { ...facts, cause });
  }

  /** Ends an attempt that has no answer yet; what still comes of it is not heard. */
  #takeBack(attempt: Attempt, outcome: Outcome, told: AttemptOutcome, reason: Error, now: number): void {
    const { balancer } = this.#setting;
    DeadlineList.remove(attempt);
    const ms = now - attempt.begunAt;
    balancer.judge(attempt.slot, attempt.ticket, outcome, ms, now, 0);
    balancer.end(attempt.slot, attempt.ticket);
    this.#record(attempt, attempt.started ? 'sent' : 'never-sent', told, ms);
    attempt.orphan();
    attempt.end(reason);
  }

  /** Lets go of a kept response that nobody will get. */
  #drop(): void {
    const parked = this.#parked;
    this.#parked = undefined;
    parked?.forget();
    if (parked === undefined || parked.complete) return;
    const { attempt } = parked;
    this.#setting.balancer.end(attempt.slot, attempt.ticket);
    attempt.orphan();
    attempt.end(DROPPED);
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    DeadlineList.remove(this);
    this.#pause?.cancel();
    this.#drop();
    this.#body?.release();
    this.#current = undefined;
    this.#forwarding = undefined;
    this.#setting.counters.inflight--;
  }

  /** Only a status that fails is kept with the call; any is told to who listens. */
  #recordStatus(attempt: Attempt, status: number, ms: number, fails: boolean): void {
    if (fails) this.#record(attempt, 'headers', { is: 'status', status }, ms);
    else if (this.#setting.audience.heard) {
      this.#setting.attempted(recordOf(attempt, 'headers', { is: 'status', status }, ms), this.#options);
    }
  }

  #record(attempt: Attempt, phase: Phase, outcome: AttemptOutcome, ms: number): void {
    const record = recordOf(attempt, phase, outcome, ms);
    if (this.#records === undefined) this.#records = [record];
    else this.#records.push(record);
    this.#setting.counters.attemptsFailed++;
    if (this.#setting.audience.heard) this.#setting.attempted(record, this.#options);
  }
}

function recordOf({ instance }: Attempt, phase: Phase, outcome: AttemptOutcome, ms: number): AttemptRecord {
  return { instance: instance.id, zone: instance.zone, phase, outcome, ms };
}

function aborted(): Error {
  return Object.assign(new Error('The call was aborted'), { name: 'AbortError', code: 'UND_ERR_ABORTED' });
}

// One each for all calls: only the library that they stop sees them, or nobody asks for their stack.
const TIMED_OUT = Object.assign(new Error('the call ran out of time'), { code: 'UND_ERR_ABORTED' });
const DROPPED = Object.assign(new Error('another instance answered'), { code: 'UND_ERR_ABORTED' });
const NO_CONNECTION = Object.assign(new Error('no connection of the instance became free in time'), {
  code: 'ERR_NO_CONNECTION',
});
