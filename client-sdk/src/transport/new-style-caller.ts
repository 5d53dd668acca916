/**
 * A handler of undici's new style (`onRequestStart`, ...; Node 26's fetch, composed interceptors) as one of the style that the engine knows.
 * At the top edge only: nothing inside is translated, and nothing at the bottom.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Abort, CallHandler, RawHeaders } from '../call/wire.ts';
import { util } from './undici.ts';

/** What the new style hands to its handlers to steer the request with. */
interface Controller {
  readonly aborted: boolean;
  readonly paused: boolean;
  readonly reason: Error | null;
  rawHeaders: RawHeaders | null;
  rawTrailers: string[] | null;
  abort(reason: Error): void;
  pause(): void;
  resume(): void;
}

export interface NewStyleHandler {
  onRequestStart(controller: Controller, context: unknown): void;
  onRequestUpgrade?(controller: Controller, status: number, headers: IncomingHttpHeaders, socket: Duplex): void;
  onResponseStarted?(): void;
  onResponseStart?(controller: Controller, status: number, headers: IncomingHttpHeaders, statusText: string): void;
  onResponseData?(controller: Controller, chunk: Buffer): void;
  onResponseEnd?(controller: Controller, trailers: IncomingHttpHeaders): void;
  onResponseError?(controller: Controller | null, error: Error): void;
  onBodySent?(chunk: number, total: number): void;
  onRequestSent?(): void;
}

export function isNewStyle(handler: object): handler is NewStyleHandler {
  return 'onRequestStart' in handler && typeof handler.onRequestStart === 'function';
}

export class NewStyleCaller implements CallHandler {
  readonly #handler: NewStyleHandler;
  readonly #controller = new CallController();

  constructor(handler: NewStyleHandler) {
    this.#handler = handler;
  }

  onConnect(abort: Abort, context?: object): void {
    this.#controller.end = abort;
    this.#handler.onRequestStart(this.#controller, context ?? {});
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.();
  }

  onHeaders(status: number, headers: RawHeaders, resume: () => void, statusText: string): boolean {
    const controller = this.#controller;
    controller.goOn = resume;
    controller.rawHeaders = headers;
    this.#handler.onResponseStart?.(controller, status, parsed(headers), statusText);
    return !controller.paused;
  }

  onData(chunk: Buffer): boolean {
    this.#handler.onResponseData?.(this.#controller, chunk);
    return !this.#controller.paused;
  }

  onComplete(trailers: string[] | null): void {
    this.#controller.rawTrailers = trailers;
    this.#handler.onResponseEnd?.(this.#controller, parsed(trailers ?? []));
  }

  onError(error: Error): void {
    this.#handler.onResponseError?.(this.#controller, error);
  }

  onUpgrade(status: number, headers: RawHeaders, socket: Duplex): void {
    this.#controller.rawHeaders = headers;
    if (this.#handler.onRequestUpgrade === undefined) socket.destroy();
    else this.#handler.onRequestUpgrade(this.#controller, status, parsed(headers), socket);
  }

  onBodySent(chunk: number, total: number): void {
    this.#handler.onBodySent?.(chunk, total);
  }

  onRequestSent(): void {
    this.#handler.onRequestSent?.();
  }
}

/** One a call: its `resume` is that of whichever attempt answers. */
class CallController implements Controller {
  aborted = false;
  paused = false;
  reason: Error | null = null;
  rawHeaders: RawHeaders | null = null;
  rawTrailers: string[] | null = null;
  end: Abort | undefined;
  goOn: (() => void) | undefined;

  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.end?.(reason);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.goOn?.();
  }
}

function parsed(raw: readonly (Buffer | string)[]): IncomingHttpHeaders {
  return util.parseHeaders(raw as Buffer[]) as IncomingHttpHeaders;
}
