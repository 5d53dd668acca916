/**
 * One request on a protocol path, as resources see it. It is the verbs' `RequestContext` too: its facts are worked out when somebody asks,
 * so that a heartbeat pays for none of them.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Header } from '@heureka/client-sdk/protocol';
import type { RequestContext } from '../registry/request-context.ts';
import type { Callers } from './callers.ts';
import { Query } from './query.ts';
import { requestHeader } from './request-header.ts';

export class Call implements RequestContext {
  readonly request: IncomingMessage;
  /** Unescaped values of the route's parameters, in order. */
  readonly params: readonly string[];
  readonly query: Query;
  readonly #callers: Callers;
  #requestId: string | undefined;
  #replication: boolean | undefined;

  constructor(request: IncomingMessage, params: readonly string[], search: string, callers: Callers) {
    this.request = request;
    this.params = params;
    this.query = new Query(search);
    this.#callers = callers;
  }

  get headers(): IncomingHttpHeaders {
    return this.request.headers;
  }

  /** A header, by its name in lower case. */
  header(name: string): string | undefined {
    return requestHeader(this.request, name);
  }

  /** The application of the path, upper-cased. */
  get app(): string {
    return this.params[0]!.toUpperCase();
  }

  /** The instance's id of the path. */
  get id(): string {
    return this.params[1]!;
  }

  get principal(): string {
    return this.#callers.principal(this.request);
  }

  get address(): string {
    return this.#callers.address(this.request);
  }

  get requestId(): string {
    this.#requestId ??= this.#callers.requestId(this.request);
    return this.#requestId;
  }

  get replication(): boolean {
    // Exactly `true` after trimming, and once: repeated ones are joined with a comma.
    this.#replication ??= requestHeader(this.request, Header.REPLICATION) === 'true';
    return this.#replication;
  }
}
