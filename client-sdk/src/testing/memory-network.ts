/**
 * The way from a caller to the instances of services, without sockets: a test says who answers at an address and what goes wrong on the way.
 * Latency passes by the test's clock.
 */
import type { Instance } from '../api.ts';
import type { Connections } from '../call/connections.ts';
import type { CallHandler, CallOptions } from '../call/wire.ts';
import type { Clock } from '../runtime/clock.ts';

export interface MemoryRequest {
  readonly method: string;
  readonly path: string;
  /** Who was reached. */
  readonly instance: Instance;
}

export interface MemoryAnswer {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Until the response headers, in ms; default 1. */
  readonly afterMs?: number;
}

/** What is wrong on the way to an instance. */
export type Fault =
  /** Nobody listens. */
  | 'refuse'
  /** Accepts, takes the request, and breaks the connection. */
  | 'reset'
  /** Accepts, and never answers. */
  | 'hang'
  /** Packets vanish: no connection comes about. */
  | 'drop';

type Responder = (request: MemoryRequest) => MemoryAnswer;

export class MemoryNetwork {
  readonly #clock: Clock;
  readonly #responders = new Map<string, Responder>();
  readonly #faults = new Map<string, Fault>();
  /** Requests that reached an instance, in order. */
  readonly requests: MemoryRequest[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Says who answers at an instance's address; without this nobody listens there. */
  serve(instance: Pick<Instance, 'address' | 'port'>, responder: Responder = () => ({})): void {
    this.#responders.set(placeOf(instance), responder);
  }

  /** Something goes wrong on the way to it from now on; undefined: nothing any more. */
  fault(instance: Pick<Instance, 'address' | 'port'>, fault: Fault | undefined): void {
    if (fault === undefined) this.#faults.delete(placeOf(instance));
    else this.#faults.set(placeOf(instance), fault);
  }

  /** Whether it accepts connections, as a TCP probe would find. */
  accepts(instance: Pick<Instance, 'address' | 'port'>): boolean {
    const fault = this.#faults.get(placeOf(instance));
    return this.#responders.has(placeOf(instance)) && fault !== 'refuse' && fault !== 'drop';
  }

  /** Connections of one service, with the time-outs that its options set. */
  connections({ connectMs, headersMs }: { readonly connectMs: number; readonly headersMs: number }): Connections {
    return {
      dispatch: (_slot, instance, options, handler) => this.#dispatch(instance, options, handler, connectMs, headersMs),
      release: () => undefined,
      tick: () => undefined,
      close: () => Promise.resolve(),
    };
  }

  #dispatch(
    instance: Instance,
    options: CallOptions,
    handler: CallHandler,
    connectMs: number,
    headersMs: number,
  ): void {
    const responder = this.#responders.get(placeOf(instance));
    const fault = this.#faults.get(placeOf(instance));
    const later = (ms: number, work: () => void): void => void this.#clock.after(ms, work);
    if (fault === 'drop') {
      later(connectMs, () => handler.onError(failure('UND_ERR_CONNECT_TIMEOUT', 'Connect Timeout Error')));
      return;
    }
    if (responder === undefined || fault === 'refuse') {
      later(0, () => handler.onError(failure('ECONNREFUSED', `connect ECONNREFUSED ${placeOf(instance)}`)));
      return;
    }
    let over = false;
    const end = (work: () => void): void => {
      if (over) return;
      over = true;
      work();
    };
    handler.onConnect((reason) => end(() => handler.onError(reason ?? failure('UND_ERR_ABORTED', 'aborted'))));
    if (over) return;
    const request = { method: options.method, path: options.path, instance };
    this.requests.push(request);
    if (fault === 'reset') {
      later(0, () => end(() => handler.onError(failure('ECONNRESET', 'read ECONNRESET'))));
      return;
    }
    later(headersMs, () => end(() => handler.onError(failure('UND_ERR_HEADERS_TIMEOUT', 'Headers Timeout Error'))));
    if (fault === 'hang') return;
    const { status = 200, headers = {}, body = '', afterMs = 1 } = responder(request);
    later(afterMs, () =>
      end(() => {
        const raw = Object.entries(headers).flatMap(([name, value]) => [Buffer.from(name), Buffer.from(value)]);
        const rest = (): void => {
          if (body !== '') handler.onData(Buffer.from(body));
          handler.onComplete([]);
        };
        if (handler.onHeaders(status, raw, rest, '')) rest();
      }),
    );
  }
}

function placeOf({ address, port }: Pick<Instance, 'address' | 'port'>): string {
  return `${address}:${port}`;
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
