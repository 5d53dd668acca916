/**
 * The way of a request on a protocol path: target, route, method, media type, resource, reply. Straight on `node:http`, in one synchronous
 * turn for whatever needs no body and no store, since heartbeats are nine requests of ten; Hono carries the rest of the server (`web.ts`).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Ledger } from '../registry/ledger.ts';
import { StoreAway } from '../store/registry-store.ts';
import { BodyRefused, ClientGone } from './body.ts';
import { Call } from './call.ts';
import type { Callers } from './callers.ts';
import { acceptable, listFormat, readableFormat } from './negotiation.ts';
import { BadTarget, decodeSegment, splitTarget, type Target } from './path.ts';
import { type Reply, refused, writeReply } from './reply.ts';
import { requestHeader } from './request-header.ts';
import { allowed, type Handler, type Method, type Route, type RouteMatch, type Router } from './router.ts';
import { standingHeaders } from './standing.ts';

export interface ListenerParts {
  readonly router: Router;
  readonly callers: Callers;
  readonly ledger: Pick<Ledger, 'state' | 'now'>;
  /** Called once for each answered request; `route` is the route's path, or `unknown`. */
  readonly answered: (method: string, route: string, status: number) => void;
  /** A fault of ours: answered with 500, and to be logged. */
  readonly failed: (error: unknown, request: IncomingMessage) => void;
}

export class ProtocolListener {
  readonly #parts: ListenerParts;

  constructor(parts: ListenerParts) {
    this.#parts = parts;
  }

  /** @returns false when the path is not the protocol's: somebody else answers */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const raw = request.url ?? '/';
    // Heartbeats are never found this way: they need not ask.
    const whole = request.method === 'GET' ? this.#parts.router.whole(raw) : undefined;
    if (whole !== undefined) {
      this.#serve(request, response, whole, '');
      return true;
    }
    let target: Target;
    try {
      target = splitTarget(raw);
    } catch (error) {
      this.#finish(request, response, 'unknown', this.#fault(error, request));
      return true;
    }
    if (target.segments[0] !== 'eureka') return false;
    const match = this.#parts.router.match(target.segments);
    if (match === undefined) {
      this.#finish(request, response, 'unknown', refused(404, 'no such path'));
      return true;
    }
    this.#serve(request, response, match, target.search);
    return true;
  }

  #serve(request: IncomingMessage, response: ServerResponse, { route, values }: RouteMatch, search: string): void {
    let reply: Reply | Promise<Reply>;
    try {
      reply = this.#answer(request, search, route, values);
    } catch (error) {
      reply = this.#fault(error, request);
    }
    if (reply instanceof Promise) {
      reply.then(
        (settled) => this.#finish(request, response, route.path, settled),
        (error: unknown) => this.#finish(request, response, route.path, this.#fault(error, request)),
      );
    } else {
      this.#finish(request, response, route.path, reply);
    }
  }

  #answer(request: IncomingMessage, search: string, route: Route, values: readonly string[]): Reply | Promise<Reply> {
    const { method } = request;
    if (method === 'OPTIONS') return options(route, request);
    const handler: Handler | undefined = route.methods[(method === 'HEAD' ? 'GET' : method) as Method];
    if (handler === undefined) {
      return refused(405, `${method} is not possible here`, { allow: allowed(route, false) });
    }
    // A body of the wrong type comes before an answer that cannot be given, and one without type behind it, as in stock.
    const contentType = method === 'POST' ? requestHeader(request, 'content-type') : undefined;
    if (contentType !== undefined) readableFormat(contentType);
    if (route.anyType === undefined && !acceptable(requestHeader(request, 'accept'))) {
      return refused(406, 'answers are application/json or application/xml');
    }
    const call = new Call(request, values.map(decodeSegment), search, this.#parts.callers);
    return handler(call);
  }

  #finish(request: IncomingMessage, response: ServerResponse, route: string, reply: Reply): void {
    this.#parts.answered(request.method ?? '', route, reply.status);
    if (response.destroyed || response.writableEnded) return;
    try {
      if (reply.takeOver !== undefined) reply.takeOver(response);
      else writeReply(response, reply, standingHeaders(this.#parts.ledger));
    } catch (error) {
      // Nobody is above us: it would end the process. How much was written is not known, so the connection ends.
      this.#parts.failed(error, request);
      response.destroy();
    }
  }

  #fault(error: unknown, request: IncomingMessage): Reply {
    if (error instanceof BadTarget) return refused(400, error.message);
    if (error instanceof BodyRefused) return refused(error.status, error.message);
    if (error instanceof ClientGone) return refused(400, error.message);
    if (error instanceof StoreAway) return refused(503, error.reason, { 'retry-after': '1' });
    this.#parts.failed(error, request);
    return refused(500, 'a fault of this server; its log says more');
  }
}

function options(route: Route, request: IncomingMessage): Reply {
  const allow = allowed(route, true);
  const json = listFormat(request.headers.accept) === 'json';
  return { status: 200, headers: json ? { allow, 'content-type': 'application/json' } : { allow } };
}
