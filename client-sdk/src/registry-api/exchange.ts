/**
 * One request to one server: credentials, time-outs, the answer read within limits, and every failure as one RegistryError.
 *
 * A connection that broke before an answer is tried once more: it may have been an old one that the server closed in the same moment.
 */
import type { RegistryOptions } from '../api.ts';
import { RegistryError, type RegistryErrorCode } from '../errors.ts';
import { DecodeError } from '../protocol/decode-error.ts';
import type { Clock } from '../runtime/clock.ts';
import { AbortLink } from './abort-link.ts';
import { answerText, type TextLimits, UnreadableAnswer } from './answer-text.ts';
import { authorizationOf, type RegistryBase } from './credentials.ts';
import { ConnectionFailed, type HttpAnswer, type HttpClient, type HttpRequest } from './http-client.ts';
import { IdleTimer } from './idle-timer.ts';
import { reasonOf } from './wire-answers.ts';

export interface ExchangeOptions {
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly auth: RegistryOptions['auth'];
  readonly timeoutMs: number;
  readonly limits: TextLimits;
}

export interface ExchangeRequest {
  readonly server: RegistryBase;
  readonly method: HttpRequest['method'];
  /** Below the server's base. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly accepts: (status: number) => boolean;
  /** What `content-type` must begin with; undefined: whatever it says, the body counts. */
  readonly kind?: string;
}

export interface ExchangeResult {
  readonly server: RegistryBase;
  readonly status: number;
  readonly headers: HttpAnswer['headers'];
  readonly text: string;
}

export interface OpenExchange {
  readonly server: RegistryBase;
  readonly answer: HttpAnswer;
  /** Ends the answer. */
  readonly link: AbortLink;
  /** Must be called once the answer is over. */
  readonly done: () => void;
}

/** The whole of an answer may take this many time-outs: a server that drips is one that failed. */
const WHOLE = 10;
/** Of a refusal's body, in bytes; what is longer is no reason. */
const REASON_LIMITS: TextLimits = { encoded: 4_096, decoded: 4_096 };

export class Exchange {
  readonly #options: ExchangeOptions;
  // Not one signal for all: dozens of listeners on it would look like a leak to Node.
  readonly #underway = new Set<AbortLink>();
  #closed: RegistryError | undefined;

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /** Why nothing is sent any more; undefined: open. */
  get closed(): RegistryError | undefined {
    return this.#closed;
  }

  /** Ends everything on its way with this reason, and whatever is asked later. */
  close(reason: RegistryError): void {
    this.#closed ??= reason;
    for (const link of this.#underway) link.abort(reason);
  }

  /** @throws {RegistryError}, or the signal's reason */
  async run<T>(
    request: ExchangeRequest,
    signal: AbortSignal | undefined,
    read: (result: ExchangeResult) => T | Promise<T>,
  ): Promise<T> {
    const { clock, timeoutMs, limits } = this.#options;
    const { answer, link, done } = await this.open(request, signal);
    const whole = clock.after(timeoutMs * (WHOLE - 1), () => link.abort(new TimedOut('the answer did not end')));
    const idle = new IdleTimer(clock, timeoutMs, () => link.abort(new TimedOut('the answer stopped')));
    try {
      const text = await answerText(answer, limits, idle.heard);
      idle.cancel();
      return await read({ server: request.server, status: answer.status, headers: answer.headers, text });
    } catch (error) {
      throw link.reason(error, (cause) => failureOf(request, cause, answer.status));
    } finally {
      whole.cancel();
      idle.cancel();
      done();
    }
  }

  /** Resolves with an accepted answer whose body is still to be read. @throws {RegistryError}, or the signal's reason */
  async open(request: ExchangeRequest, signal: AbortSignal | undefined): Promise<OpenExchange> {
    const { clock, timeoutMs } = this.#options;
    if (this.#closed !== undefined) throw this.#closed;
    const link = new AbortLink(signal);
    this.#underway.add(link);
    const done = (): void => {
      this.#underway.delete(link);
      link.end();
    };
    const timer = clock.after(timeoutMs, () => link.abort(new TimedOut(`no answer within ${timeoutMs} ms`)));
    try {
      const authorization = await this.#authorization(request, link.signal);
      const answer = await this.#send(request, authorization, link.signal);
      await refuse(request, answer);
      return { server: request.server, answer, link, done };
    } catch (error) {
      const thrown = link.reason(error, (cause) => failureOf(request, cause));
      done();
      throw thrown;
    } finally {
      timer.cancel();
    }
  }

  async #authorization({ server }: ExchangeRequest, signal: AbortSignal): Promise<string | undefined> {
    if (server.authorization !== undefined) return server.authorization;
    try {
      return await unlessAborted(authorizationOf(this.#options.auth), signal);
    } catch (error) {
      signal.throwIfAborted();
      // The cause is the user's own; its message could hold the token.
      throw new RegistryError('ERR_REGISTRY_DENIED', 'the bearer token could not be had', server.url, undefined, {
        cause: error,
      });
    }
  }

  async #send(request: ExchangeRequest, authorization: string | undefined, signal: AbortSignal): Promise<HttpAnswer> {
    const { server, method, path, headers, body } = request;
    const send = (): Promise<HttpAnswer> =>
      this.#options.http.request({
        method,
        origin: server.origin,
        path: server.path + path,
        headers: authorization === undefined ? headers : { ...headers, authorization },
        ...(body === undefined ? {} : { body }),
        signal,
      });
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof ConnectionFailed && error.broke)) throw error;
      return await send();
    }
  }
}

/** @throws {RegistryError} unless the answer is one that was asked for */
async function refuse(request: ExchangeRequest, answer: HttpAnswer): Promise<void> {
  const { status, headers } = answer;
  const kind = String(headers['content-type'] ?? '');
  if (request.accepts(status)) {
    if (request.kind === undefined || kind.startsWith(request.kind)) return;
    answer.discard();
    throw refusal(request, 'ERR_REGISTRY_ANSWER', `answered with ${JSON.stringify(kind.slice(0, 60))}`, status);
  }
  // Only a validation message is worth waiting for.
  const text = status === 400 ? await answerText(answer, REASON_LIMITS, () => undefined).catch(() => '') : '';
  if (status !== 400) answer.discard();
  const reason = reasonOf(headers, text);
  const said = `answered ${status}${reason === '' ? '' : ` (${reason})`}`;
  if (status >= 300 && status < 400) {
    throw refusal(request, 'ERR_REGISTRY_ANSWER', `${said}; redirects are not followed`, status);
  }
  throw refusal(request, codeOf(status), said, status);
}

function codeOf(status: number): RegistryErrorCode {
  if (status === 401 || status === 403) return 'ERR_REGISTRY_DENIED';
  return status >= 500 || status === 408 || status === 429 ? 'ERR_REGISTRY_UNAVAILABLE' : 'ERR_REGISTRY_ANSWER';
}

function refusal(
  { server, method, path }: ExchangeRequest,
  code: RegistryErrorCode,
  said: string,
  status?: number,
  cause?: unknown,
): RegistryError {
  const options = cause === undefined ? undefined : { cause };
  return new RegistryError(code, `${server.url}: ${method} ${path} ${said}`, server.url, status, options);
}

function failureOf(request: ExchangeRequest, error: unknown, status?: number): unknown {
  if (error instanceof RegistryError) return error;
  if (error instanceof DecodeError || error instanceof UnreadableAnswer) {
    return refusal(request, 'ERR_REGISTRY_ANSWER', `gave an unusable answer: ${error.message}`, status, error);
  }
  const message = error instanceof Error ? error.message : String(error);
  return refusal(request, 'ERR_REGISTRY_UNAVAILABLE', `failed: ${message}`, status, error);
}

/** Time is up: ours, not the caller's. */
class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(signal.reason);
    if (signal.aborted) aborted();
    else signal.addEventListener('abort', aborted, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}
