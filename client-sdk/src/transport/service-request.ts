/** `discovery.request()`: undici's `request` over the engine, some eight times cheaper than any fetch, for URLs and for names no URL can hold. */
import type { RequestOptions } from '../api.ts';
import { CallError, type DiscoveryError } from '../errors.ts';
import { type DiscoveryDispatcher, ServiceDispatcher, type Services } from './discovery-dispatcher.ts';
import type { Dispatcher } from './undici.ts';

/** A service by any name, and a path below it. */
export type NamedRequest = RequestOptions & { readonly service: string; readonly path: string };

export class ServiceRequests {
  readonly #services: Services;
  readonly #everything: DiscoveryDispatcher;
  readonly #dispatchers = new Map<string, ServiceDispatcher>();

  /** @param everything - takes the hosts that are no services too */
  constructor(services: Services, everything: DiscoveryDispatcher) {
    this.#services = services;
    this.#everything = everything;
  }

  /** @throws {CallError} ERR_UNKNOWN_SERVICE for a single label that the registry has never listed */
  async request(target: string | URL | NamedRequest, options: RequestOptions = {}): Promise<Dispatcher.ResponseData> {
    if (typeof target === 'object' && 'service' in target) {
      const { service, path, ...rest } = target;
      return this.#send(service.toLowerCase(), false, path, rest);
    }
    const url = typeof target === 'string' ? new URL(target) : target;
    const path = `${url.pathname}${url.search}`;
    const meaning = await this.#meaning(url.origin);
    if (meaning.is === 'service') return this.#send(meaning.service, meaning.secure, path, options);
    if (meaning.is === 'maybe') throw this.#services.notReady(meaning.service);
    if (meaning.is === 'unlisted') throw unknownService(meaning.service);
    return this.#everything.request({ ...(await wireOptions(options)), origin: url.origin, path });
  }

  async #meaning(origin: string): Promise<ReturnType<Services['meaning']>> {
    const meaning = this.#services.meaning(origin);
    if (meaning.is !== 'maybe') return meaning;
    await this.#services.listed();
    return this.#services.meaning(origin);
  }

  async #send(
    service: string,
    secure: boolean,
    path: string,
    options: RequestOptions,
  ): Promise<Dispatcher.ResponseData> {
    const key = secure ? `https:${service}` : service;
    let dispatcher = this.#dispatchers.get(key);
    if (dispatcher === undefined) {
      dispatcher = new ServiceDispatcher(this.#services.caller(service, secure));
      this.#dispatchers.set(key, dispatcher);
    }
    return dispatcher.request({ ...(await wireOptions(options)), path });
  }
}

type WireOptions = Omit<Dispatcher.RequestOptions, 'path'>;

/** The platform's FormData is another class than the library's, which would send its name: it is encoded here. */
async function wireOptions({ method = 'GET', ...options }: RequestOptions): Promise<WireOptions> {
  if (!((options.body as unknown) instanceof FormData)) return { ...options, method } as WireOptions;
  const encoded = new Response(options.body as unknown as FormData);
  const type = encoded.headers.get('content-type') ?? 'multipart/form-data';
  const body = Buffer.from(await encoded.arrayBuffer());
  return { ...options, method, body, headers: { ...headersOf(options.headers), 'content-type': type } } as WireOptions;
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
