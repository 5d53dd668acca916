/**
 * What a call looks like to the engine: the request as an undici 7 dispatcher gets it, and the handler that is told what becomes of it.
 * Shapes only, so that `call/` names no library; the style is undici 7's own (`onConnect`, raw headers), which its pools take as it is.
 */
import type { Duplex } from 'node:stream';
import type { RetryOptions } from '../api.ts';

/** Ends a request on its way; what its handler gets is `reason`. */
export type Abort = (reason?: Error) => void;

/** Name and value in turn, as they came. */
export type RawHeaders = Buffer[];

/** Whoever is told what becomes of a request: a caller at the top, an attempt at the bottom. */
export interface CallHandler {
  /** First, and once. */
  onConnect(abort: Abort, context?: object): void;
  onResponseStarted?(): void;
  /** 1xx may come several times before. @returns false to pause: `resume` goes on */
  onHeaders(status: number, headers: RawHeaders, resume: () => void, statusText: string): boolean;
  /** @returns false to pause */
  onData(chunk: Buffer): boolean;
  onComplete(trailers: string[] | null): void;
  onError(error: Error): void;
  onUpgrade?(status: number, headers: RawHeaders, socket: Duplex): void;
  onBodySent?(chunk: number, total: number): void;
  onRequestSent?(): void;
}

/** A request, as `fetch`, `request()` and others hand it to a dispatcher; what is not named here passes through untouched. */
export interface CallOptions {
  readonly path: string;
  readonly method: string;
  readonly origin?: string | URL | undefined;
  readonly headers?: unknown;
  readonly body?: unknown;
  readonly upgrade?: unknown;
  /** May be sent twice, whatever its method. */
  readonly idempotent?: boolean | undefined;
  readonly affinityKey?: string | undefined;
  readonly hint?: Readonly<Record<string, string>> | undefined;
  readonly totalMs?: number | undefined;
  readonly retry?: false | Partial<Omit<RetryOptions, 'budgetShare'>> | undefined;
}

/** The value of a header of a request in any of the shapes that callers use; undefined: not there. */
export function requestHeader(headers: unknown, name: string): string | undefined {
  if (headers === null || typeof headers !== 'object') return undefined;
  if (Array.isArray(headers)) {
    for (let index = 0; index + 1 < headers.length; index += 2) {
      if (same(headers[index], name)) return String(headers[index + 1]);
    }
    return undefined;
  }
  if (Symbol.iterator in headers) {
    for (const [key, value] of headers as Iterable<readonly [unknown, unknown]>) {
      if (same(key, name)) return String(value);
    }
    return undefined;
  }
  for (const key of Object.keys(headers)) {
    if (same(key, name)) return String((headers as Record<string, unknown>)[key]);
  }
  return undefined;
}

function same(key: unknown, name: string): boolean {
  return typeof key === 'string' && key.length === name.length && key.toLowerCase() === name;
}

/** The value of a header of a response, looked for in its raw form; undefined: not there. */
export function responseHeader(headers: RawHeaders, name: string): string | undefined {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const key = headers[index];
    if (key?.length === name.length && key.toString('latin1').toLowerCase() === name) {
      return headers[index + 1]?.toString('latin1');
    }
  }
  return undefined;
}
