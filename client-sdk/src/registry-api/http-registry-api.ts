/**
 * A Eureka server's verbs over HTTP: which server is asked, with what credentials, and what its answer means. Sockets are the `HttpClient`'s.
 *
 * A call walks at most three servers; an answer that cannot be used counts as a server that failed, so garbage from one leads to the next.
 * What is thrown names the server without credentials, what was asked, and why it failed.
 *
 * @see Netflix eureka `RetryableEurekaHttpClient`, `ServerStatusEvaluators`
 */
import type { RegistryOptions } from '../api.ts';
import { RegistryError } from '../errors.ts';
import type { InstanceInfo, InstanceStatus } from '../protocol/instance-info.ts';
import { encodeRegistrationJson } from '../protocol/json-encoder.ts';
import { appPath, appsPath, deltaPath, heartbeatPath, instancePath, statusPath } from '../protocol/paths.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import { TEXT_LIMITS, type TextLimits } from './answer-text.ts';
import { readStream, STREAM_ACCEPT } from './change-stream.ts';
import type { RegistryBase } from './credentials.ts';
import { Exchange, type ExchangeResult } from './exchange.ts';
import type { HttpClient, HttpRequest } from './http-client.ts';
import type { Listed, RegistryApi, StreamEnd, StreamEvent } from './registry-api.ts';
import { ServerChoice } from './server-choice.ts';
import { instanceOf, listedAppOf, listedInTurns, listedOf } from './wire-answers.ts';

export interface HttpRegistryApiOptions {
  /** Base URLs by zone, credentials in them allowed; a plain list stands under `''`. */
  readonly urls: ReadonlyMap<string, readonly string[]>;
  readonly auth: RegistryOptions['auth'];
  /** Until the head of an answer, and between two pieces of its body, in ms; the whole takes at most ten times as long. */
  readonly timeoutMs: number;
  /** Our own zone, whose servers are asked first. */
  readonly zone: string | undefined;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly random: Random;
  /** Default 256 MiB, compressed or not. */
  readonly limits?: TextLimits;
}

/** Servers that one call asks, as stock has it. */
const MAX_SERVERS = 3;
const OK = (status: number): boolean => status >= 200 && status < 300;
const OK_OR_UNKNOWN = (status: number): boolean => OK(status) || status === 404;

interface Verb {
  readonly method: HttpRequest['method'];
  readonly path: string;
  readonly body?: string;
  /** Statuses that are answers; every other one is a server that failed. */
  readonly accepts: (status: number) => boolean;
}

export class HttpRegistryApi implements RegistryApi {
  readonly #choice: ServerChoice;
  readonly #exchange: Exchange;
  readonly #http: HttpClient;
  readonly #clock: Clock;
  #asked: RegistryBase | undefined;
  #streams = 0;

  constructor(options: HttpRegistryApiOptions) {
    const { urls, auth, timeoutMs, zone, http, clock, random, limits = TEXT_LIMITS } = options;
    this.#choice = new ServerChoice({ urls, zone, clock, random });
    this.#exchange = new Exchange({ http, clock, auth, timeoutMs, limits });
    this.#http = http;
    this.#clock = clock;
  }

  get server(): string {
    return (this.#asked ?? this.#choice.first).url;
  }

  async register(info: InstanceInfo, signal?: AbortSignal): Promise<void> {
    const body = encodeRegistrationJson(info);
    await this.#ask({ method: 'POST', path: appPath(info.app), body, accepts: OK }, signal, nothing);
  }

  renew(
    app: string,
    id: string,
    status: InstanceStatus,
    lastDirtyTimestamp: number,
    signal?: AbortSignal,
  ): Promise<'renewed' | 'unknown'> {
    const path = heartbeatPath(app, id, status, lastDirtyTimestamp);
    return this.#ask({ method: 'PUT', path, accepts: OK_OR_UNKNOWN }, signal, (answer) =>
      answer.status === 404 ? 'unknown' : 'renewed',
    );
  }

  async cancel(app: string, id: string, signal?: AbortSignal): Promise<void> {
    await this.#ask({ method: 'DELETE', path: instancePath(app, id), accepts: OK_OR_UNKNOWN }, signal, nothing);
  }

  override(
    app: string,
    id: string,
    status: InstanceStatus | undefined,
    signal?: AbortSignal,
  ): Promise<'done' | 'unknown'> {
    // Without a value, stock leaves the status UNKNOWN until the next registration: nobody would call us meanwhile.
    const path = `${statusPath(app, id)}?value=${status ?? 'UP'}`;
    const method = status === undefined ? 'DELETE' : 'PUT';
    return this.#ask({ method, path, accepts: OK_OR_UNKNOWN }, signal, (answer) =>
      answer.status === 404 ? 'unknown' : 'done',
    );
  }

  instance(app: string, id: string, signal?: AbortSignal): Promise<InstanceInfo | undefined> {
    return this.#ask({ method: 'GET', path: instancePath(app, id), accepts: OK_OR_UNKNOWN }, signal, (answer) =>
      answer.status === 404 ? undefined : instanceOf(answer.text),
    );
  }

  all(signal?: AbortSignal): Promise<Listed> {
    return this.#ask({ method: 'GET', path: appsPath(), accepts: OK }, signal, ({ text, headers, server }) =>
      listedInTurns(text, headers, server.url, this.#clock),
    );
  }

  delta(signal?: AbortSignal): Promise<Listed | undefined> {
    const accepts = (status: number): boolean => OK_OR_UNKNOWN(status) || status === 403;
    return this.#ask({ method: 'GET', path: deltaPath(), accepts }, signal, (answer) =>
      OK(answer.status) ? listed(answer) : undefined,
    );
  }

  app(name: string, signal?: AbortSignal): Promise<Listed> {
    return this.#ask({ method: 'GET', path: appPath(name), accepts: OK_OR_UNKNOWN }, signal, (answer) => {
      const { text, headers, server } = answer;
      if (answer.status === 404) return listedOf('{"applications":{}}', headers, server.url);
      return listedAppOf(text, headers, server.url);
    });
  }

  since(cursor: string, apps: readonly string[], signal?: AbortSignal): Promise<Listed | undefined> {
    const path = `${deltaPath()}?since=${encodeURIComponent(cursor)}${appsQuery(apps)}`;
    const accepts = (status: number): boolean => OK_OR_UNKNOWN(status) || status === 403 || status === 410;
    return this.#ask({ method: 'GET', path, accepts }, signal, (answer) => {
      if (!OK(answer.status)) return undefined;
      const list = listed(answer);
      // A stock server overlooks the question and gives its own delta, which is another thing.
      return list.capabilities.since ? list : undefined;
    });
  }

  async stream(
    apps: readonly string[],
    from: string | undefined,
    listener: (event: StreamEvent) => void,
    signal: AbortSignal,
  ): Promise<StreamEnd> {
    const query = appsQuery(apps);
    const path = `/stream${query === '' ? '' : `?${query.slice(1)}`}`;
    const headers: Record<string, string> = { accept: STREAM_ACCEPT };
    if (from !== undefined) headers['last-event-id'] = from;
    const opened = await this.#walk(signal, `GET ${path}`, (server) =>
      this.#exchange.open({ server, method: 'GET', path, headers, accepts: OK, kind: STREAM_ACCEPT }, signal),
    );
    this.#streams++;
    try {
      const { server, answer, link } = opened;
      // Who had to open its stream in another zone looks for its own again once the session is over.
      const leaveMs = this.#choice.isNear(server) ? undefined : Math.max(this.#choice.sessionLeftMs, 0);
      const end = await readStream({ answer, link, server: server.url, clock: this.#clock, listener, leaveMs });
      if (end.broken !== undefined) this.#choice.failed(server);
      return end.is;
    } finally {
      opened.done();
      this.#streams--;
    }
  }

  moveOn(): void {
    this.#choice.moveOn();
  }

  async close(): Promise<void> {
    this.#exchange.close(new RegistryError('ERR_REGISTRY_UNAVAILABLE', 'the client was closed', this.server));
    await this.#http.close();
  }

  #ask<T>(verb: Verb, signal: AbortSignal | undefined, read: (answer: ExchangeResult) => T | Promise<T>): Promise<T> {
    const headers: Record<string, string> = { accept: 'application/json', 'accept-encoding': 'gzip' };
    if (verb.body !== undefined) headers['content-type'] = 'application/json';
    return this.#walk(signal, `${verb.method} ${verb.path}`, (server) =>
      this.#exchange.run({ server, ...verb, headers }, signal, read),
    );
  }

  /** One server after the other, until one gives an answer. */
  async #walk<T>(
    signal: AbortSignal | undefined,
    asked: string,
    ask: (server: RegistryBase) => Promise<T>,
  ): Promise<T> {
    if (this.#streams === 0) this.#choice.renewSession();
    const failures: RegistryError[] = [];
    for (const server of this.#choice.candidates().slice(0, MAX_SERVERS)) {
      signal?.throwIfAborted();
      if (this.#exchange.closed !== undefined) throw this.#exchange.closed;
      this.#asked = server;
      try {
        const answer = await ask(server);
        this.#choice.answered(server);
        return answer;
      } catch (error) {
        signal?.throwIfAborted();
        if (this.#exchange.closed !== undefined || !(error instanceof RegistryError)) throw error;
        this.#choice.failed(server);
        failures.push(error);
      }
    }
    throw summary(failures, asked);
  }
}

function nothing(): void {}

function listed({ text, headers, server }: ExchangeResult): Listed {
  return listedOf(text, headers, server.url);
}

function appsQuery(apps: readonly string[]): string {
  return apps.length === 0 ? '' : `&apps=${apps.map(encodeURIComponent).join(',')}`;
}

/** One failure speaks for itself; of several the message has all, and what may pass by itself decides the code. */
function summary(failures: readonly RegistryError[], asked: string): RegistryError {
  const last = failures.at(-1)!;
  if (failures.length === 1) return last;
  const { code, url, status } = failures.find((failure) => failure.retryable) ?? last;
  const reasons = failures.map((failure) => failure.message).join('; ');
  return new RegistryError(code, `none of ${failures.length} registries answered ${asked}: ${reasons}`, url, status, {
    cause: last,
  });
}
