/** `discovery.request()`: undici's `request` over the engine, some eight times cheaper than any fetch, for URLs and for names no URL can hold. */
import type { RequestOptions } from '../api.ts';
import { holdErrors } from '../call/replay-body.ts';
import { CallError, type DiscoveryError } from '../errors.ts';
import { type DiscoveryDispatcher, ServiceDispatcher, type Services } from './discovery-dispatcher.ts';
import type { Dispatcher } from './undici.ts';

/** A service by any name, and a path below it. */
export type NamedRequest = RequestOptions & { readonly service: string; readonly path: string };

export class ServiceRequests {
  readonly #services: Services;
  readonly #everything: DiscoveryDispatcher;
  readonly #plain = new Map<string, ServiceDispatcher>();
  readonly #secure = new Map<string, ServiceDispatcher>();

  /** @param everything - takes the hosts that are no services too */
  constructor(services: Services, everything: DiscoveryDispatcher) {
    this.#services = services;
    this.#everything = everything;
  }

  /** @throws {CallError} ERR_UNKNOWN_SERVICE for a single label that the registry has never listed */
  request(target: string | URL | NamedRequest, options: RequestOptions = {}): Promise<Dispatcher.ResponseData> {
    // The fast way in: the caller's options go through as they are, in his turn.
    if (typeof target === 'object' && 'service' in target) {
      const known = this.#plain.get(target.service);
      return known === undefined ? this.#requestName(target) : this.#send(known, target);
    }
    return this.#requestUrl(target, options);
  }

  /** A name for the first time. */
  async #requestName(target: NamedRequest): Promise<Dispatcher.ResponseData> {
    const service = target.service.toLowerCase();
    if (!this.#services.isService(service)) {
      const listed = await this.#listed(target);
      if (!this.#services.isService(service)) throw listed ? unknownService(service) : this.#services.notReady(service);
    }
    const dispatcher = this.#dispatcher({ service, secure: false });
    this.#plain.set(target.service, dispatcher);
    return this.#send(dispatcher, target);
  }

  async #requestUrl(target: string | URL, options: RequestOptions): Promise<Dispatcher.ResponseData> {
    const url = typeof target === 'string' ? new URL(target) : target;
    const path = `${url.pathname}${url.search}`;
    let meaning = this.#services.meaning(url.origin);
    if (meaning.is === 'maybe') {
      await this.#listed(options);
      meaning = this.#services.meaning(url.origin);
    }
    if (meaning.is === 'service') return this.#send(this.#dispatcher(meaning), { ...options, path });
    if (meaning.is === 'maybe') throw this.#services.notReady(meaning.service);
    if (meaning.is === 'unlisted') throw unknownService(meaning.service);
    const method = options.method ?? 'GET';
    return this.#everything.request({ ...options, method, origin: url.origin, path } as Dispatcher.RequestOptions);
  }

  /** Waits for the first list, no longer than the call itself may take. @returns whether there is one. @throws the signal's reason */
  async #listed({ signal, totalMs, body }: RequestOptions): Promise<boolean> {
    holdErrors(body);
    const aborted = signal instanceof AbortSignal ? signal : undefined;
    aborted?.throwIfAborted();
    const listed = await this.#services.listed(totalMs, aborted);
    aborted?.throwIfAborted();
    return listed;
  }

  #send(dispatcher: Dispatcher, options: RequestOptions & { path: string }): Promise<Dispatcher.ResponseData> {
    if (options.method === undefined) return this.#send(dispatcher, { ...options, method: 'GET' });
    // Asked of bodies only: `FormData` is a global that is looked up.
    if (options.body && (options.body as unknown) instanceof FormData) return sendForm(dispatcher, options);
    return dispatcher.request(options as Dispatcher.RequestOptions);
  }

  #dispatcher({ service, secure }: { service: string; secure: boolean }): ServiceDispatcher {
    const known = secure ? this.#secure : this.#plain;
    let dispatcher = known.get(service);
    if (dispatcher === undefined) {
      dispatcher = new ServiceDispatcher(this.#services.caller(service, secure));
      known.set(service, dispatcher);
    }
    return dispatcher;
  }
}

/** The platform's FormData is another class than the library's, which would send its name: it is encoded here. */
async function sendForm(
  dispatcher: Dispatcher,
  options: RequestOptions & { path: string },
): Promise<Dispatcher.ResponseData> {
  const encoded = new Response(options.body as unknown as FormData);
  const type = encoded.headers.get('content-type') ?? 'multipart/form-data';
  const body = Buffer.from(await encoded.arrayBuffer());
  const headers = { ...headersOf(options.headers), 'content-type': type };
  return dispatcher.request({ ...options, body, headers } as Dispatcher.RequestOptions);
}

function headersOf(headers: RequestOptions['headers']): Record<string, string | string[] | undefined> {
  if (headers === undefined || headers === null) return {};
  if (Array.isArray(headers)) {
    return Object.fromEntries(headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1]]] : [])));
  }
  return Symbol.iterator in headers
    ? Object.fromEntries(headers as Iterable<[string, string]>)
    : (headers as Record<string, string | string[] | undefined>);
}

function unknownService(service: string): DiscoveryError {
  return new CallError('ERR_UNKNOWN_SERVICE', `${service} is no service that the registry has ever listed`, {
    service,
  });
}
