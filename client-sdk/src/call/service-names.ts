/**
 * Which host in a URL is a service (`sdk-engine` S1). A registered name never captures a real host: whoever can register an application must not
 * receive the process's other calls. And a service never falls back to DNS: empty means an error.
 *
 * A host is a service when the options name it, or when it is one label, not `localhost`, without a port, and the registry has listed it since the
 * process started.
 */
import type { ParsedHost } from '../api.ts';

/** What a host means. `maybe`: nobody knows before the first list. */
export type HostMeaning =
  | { readonly is: 'service'; readonly service: string; readonly secure: boolean }
  | { readonly is: 'maybe'; readonly service: string; readonly secure: boolean }
  | { readonly is: 'unlisted'; readonly service: string }
  | { readonly is: 'host' };

export interface ServiceNamesParts {
  /** Names that are always services, in lower case: of `services` and `subscribe`. */
  readonly named: ReadonlySet<string>;
  readonly hosts: ((host: ParsedHost) => string | undefined) | undefined;
  /** The first list has been received. */
  readonly listed: () => boolean;
  /** Has this name been listed since the process started? */
  readonly everListed: (name: string) => boolean;
}

const HOST: HostMeaning = { is: 'host' };
/** Origins whose meaning is remembered; names in URLs may come from anywhere. */
const MAX_REMEMBERED = 10_000;

export class ServiceNames {
  readonly #parts: ServiceNamesParts;
  /** What cannot change any more, by origin. */
  readonly #settled = new Map<string, HostMeaning>();

  constructor(parts: ServiceNamesParts) {
    this.#parts = parts;
  }

  /** @param origin - as callers hand it to a dispatcher: `http://orders` */
  meaning(origin: string): HostMeaning {
    const settled = this.#settled.get(origin);
    if (settled !== undefined) return settled;
    const meaning = this.#find(origin);
    if (meaning.is === 'service' || meaning.is === 'host') {
      if (this.#settled.size >= MAX_REMEMBERED) this.#settled.clear();
      this.#settled.set(origin, meaning);
    }
    return meaning;
  }

  #find(origin: string): HostMeaning {
    const url = URL.canParse(origin) ? new URL(origin) : undefined;
    if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) return HOST;
    const { named, hosts, listed, everListed } = this.#parts;
    const secure = url.protocol === 'https:';
    const service = (name: string): HostMeaning => ({ is: 'service', service: name.toLowerCase(), secure });

    // Named is named, whatever else decides.
    if (named.has(url.host)) return service(url.host);
    if (hosts !== undefined) {
      const name = hosts({ protocol: url.protocol, hostname: url.hostname, port: url.port });
      return name === undefined ? HOST : service(name);
    }
    if (!oneLabel(url)) return HOST;
    if (everListed(url.hostname)) return service(url.hostname);
    return listed() ? { is: 'unlisted', service: url.hostname } : { is: 'maybe', service: url.hostname, secure };
  }
}

function oneLabel({ hostname, port }: URL): boolean {
  return port === '' && hostname !== 'localhost' && !hostname.includes('.') && !hostname.startsWith('[');
}
