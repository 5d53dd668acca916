/**
 * One try of a call on one instance: the handler that the instance's pool sees. It passes on what it is told to the call that owns it; an
 * attempt without owner is an orphan, which nobody listens to and which ends itself as soon as it has a connection.
 */
import type { Duplex } from 'node:stream';
import type { Instance } from '../api.ts';
import type { Slot, Ticket } from '../balancer/balancer.ts';
import { Waiting } from './deadline-list.ts';
import type { Abort, CallHandler, RawHeaders } from './wire.ts';

/** What an attempt tells its call. */
export interface AttemptOwner {
  started(attempt: Attempt): void;
  responseStarted(attempt: Attempt): void;
  headers(attempt: Attempt, status: number, headers: RawHeaders, resume: () => void, statusText: string): boolean;
  data(attempt: Attempt, chunk: Buffer): boolean;
  completed(attempt: Attempt, trailers: string[] | null): void;
  failed(attempt: Attempt, error: Error): void;
  upgraded(attempt: Attempt, status: number, headers: RawHeaders, socket: Duplex): void;
  bodySent(attempt: Attempt, chunk: number, total: number): void;
  requestSent(attempt: Attempt): void;
  /** It has waited for a connection for too long, or its instance was ejected meanwhile. */
  stranded(attempt: Attempt): void;
}

export class Attempt extends Waiting implements CallHandler {
  readonly slot: Slot;
  readonly ticket: Ticket;
  readonly instance: Instance;
  /** Monotonic ms. */
  readonly begunAt: number;
  /** A connection has taken it: from now on it may have had an effect. */
  started = false;
  #owner: AttemptOwner | undefined;
  #abort: Abort | undefined;

  constructor(owner: AttemptOwner, slot: Slot, ticket: Ticket, instance: Instance, begunAt: number) {
    super();
    this.#owner = owner;
    this.slot = slot;
    this.ticket = ticket;
    this.instance = instance;
    this.begunAt = begunAt;
  }

  /** Nobody listens any more, and what it holds of the call is let go. */
  orphan(): void {
    this.#owner = undefined;
  }

  /** Ends the request if it has a connection; an orphan that has none yet ends itself once it gets one. */
  end(reason: Error): void {
    this.#abort?.(reason);
  }

  /** Out of time to get a connection. */
  override expired(): void {
    this.#owner?.stranded(this);
  }

  /** Its instance was ejected while it waited for a connection. */
  strand(): void {
    this.#owner?.stranded(this);
  }

  onConnect(abort: Abort): void {
    if (this.#owner === undefined) {
      abort(ORPHANED);
      return;
    }
    this.#abort = abort;
    this.started = true;
    this.#owner.started(this);
  }

  onResponseStarted(): void {
    this.#owner?.responseStarted(this);
  }

  onHeaders(status: number, headers: RawHeaders, resume: () => void, statusText: string): boolean {
    return this.#owner?.headers(this, status, headers, resume, statusText) ?? true;
  }

  onData(chunk: Buffer): boolean {
    return this.#owner?.data(this, chunk) ?? true;
  }

  onComplete(trailers: string[] | null): void {
    this.#owner?.completed(this, trailers);
  }

  onError(error: Error): void {
    this.#owner?.failed(this, error);
  }

  onUpgrade(status: number, headers: RawHeaders, socket: Duplex): void {
    if (this.#owner === undefined) socket.destroy();
    else this.#owner.upgraded(this, status, headers, socket);
  }

  onBodySent(chunk: number, total: number): void {
    this.#owner?.bodySent(this, chunk, total);
  }

  onRequestSent(): void {
    this.#owner?.requestSent(this);
  }
}

/** One for all: nobody sees it but the library that it stops. */
const ORPHANED = Object.assign(new Error('the call went on without this attempt'), { code: 'UND_ERR_ABORTED' });
