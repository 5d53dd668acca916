/**
 * A caller that has been told how to abort already, and whose request turns out to be for somebody else: the dispatcher that takes it tells
 * it so again, which must not reach the caller twice.
 */
import type { Duplex } from 'node:stream';
import type { Abort, CallHandler, RawHeaders } from '../call/wire.ts';

export class ConnectedCaller implements CallHandler {
  readonly #caller: CallHandler;
  #abort: Abort | undefined;
  #aborted: { readonly reason: Error | undefined } | undefined;

  constructor(caller: CallHandler) {
    this.#caller = caller;
  }

  /** Ends the request, now or as soon as that is possible. */
  readonly abort: Abort = (reason) => {
    if (this.#aborted !== undefined) return;
    this.#aborted = { reason };
    this.#abort?.(reason);
  };

  get aborted(): boolean {
    return this.#aborted !== undefined;
  }

  onConnect(abort: Abort): void {
    this.#abort = abort;
    if (this.#aborted !== undefined) abort(this.#aborted.reason);
  }

  onResponseStarted(): void {
    this.#caller.onResponseStarted?.();
  }

  onHeaders(status: number, headers: RawHeaders, resume: () => void, statusText: string): boolean {
    return this.#caller.onHeaders(status, headers, resume, statusText);
  }

  onData(chunk: Buffer): boolean {
    return this.#caller.onData(chunk);
  }

  onComplete(trailers: string[] | null): void {
    this.#caller.onComplete(trailers);
  }

  onError(error: Error): void {
    this.#caller.onError(error);
  }

  onUpgrade(status: number, headers: RawHeaders, socket: Duplex): void {
    this.#caller.onUpgrade?.(status, headers, socket);
  }

  onBodySent(chunk: number, total: number): void {
    this.#caller.onBodySent?.(chunk, total);
  }

  onRequestSent(): void {
    this.#caller.onRequestSent?.();
  }
}
