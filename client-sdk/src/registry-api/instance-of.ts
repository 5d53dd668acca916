/**
 * From the wire's instance to the one that users and the balancer see. Pure, but for an intern table that lets ten thousand instances share
 * the few names, zones and port pairs that they have.
 */
import { isIP } from 'node:net';
import type { Instance } from '../api.ts';
import { effectiveId, type InstanceInfo } from '../protocol/instance-info.ts';

/** Distinct texts kept for sharing; a registry with more has little to share. */
const MAX_INTERNED = 10_000;
const MAX_PORT = 65_535;
const NO_NAMES: readonly string[] = Object.freeze([]);
/** What no host in a URL may hold. */
const NO_HOST = /[\0- #%/:<>?@[\\\]^|\x7f]/;

export class InstanceConverter {
  readonly #lower = new Map<string, string>();
  readonly #texts = new Map<string, string>();
  readonly #lists = new Map<string, readonly string[]>();

  /**
   * Port and scheme follow Spring: the secure port where that is enabled. The zone is that of the metadata, else Amazon's.
   *
   * @returns undefined when it has no address that could be connected to
   * @see spring-cloud-netflix `EurekaServiceInstance`, `ZoneUtils`
   */
  instanceOf(info: InstanceInfo): Instance | undefined {
    const address = addressOf(info);
    if (address === undefined) return undefined;
    const secure = info.securePort.enabled;
    const port = usablePort(secure ? info.securePort.port : info.port.port);
    const host = address.includes(':') ? `[${address}]` : address;
    const zone = info.metadata['zone'] || info.dataCenterInfo.metadata?.['availability-zone'];
    return {
      id: effectiveId(info),
      app: this.#lowerOf(info.app),
      address,
      hostname: info.hostName === address ? address : info.hostName,
      port,
      secure,
      ports: {
        plain: info.port.enabled ? usablePort(info.port.port) : undefined,
        secure: secure ? port : undefined,
      },
      url: `${secure ? 'https' : 'http'}://${host}:${port}`,
      status: info.status,
      zone: zone ? shared(this.#texts, zone, zone) : undefined,
      vip: this.#namesOf(info.vipAddress),
      secureVip: this.#namesOf(info.secureVipAddress),
      metadata: info.metadata,
    };
  }

  #lowerOf(app: string): string {
    return this.#lower.get(app) ?? shared(this.#lower, app, app.toLowerCase());
  }

  #namesOf(list: string | undefined): readonly string[] {
    if (list === undefined || list === '') return NO_NAMES;
    const known = this.#lists.get(list);
    if (known !== undefined) return known;
    const names = list
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
    return shared(this.#lists, list, names.length === 0 ? NO_NAMES : Object.freeze(names));
  }
}

/** The value known under `key`, or else `value`, known from now on. */
function shared<T>(table: Map<string, T>, key: string, value: T): T {
  const known = table.get(key);
  if (known !== undefined) return known;
  if (table.size >= MAX_INTERNED) table.clear();
  table.set(key, value);
  return value;
}

function addressOf({ ipAddr, hostName }: InstanceInfo): string | undefined {
  // An address of a link (`fe80::1%eth0`) means nothing on another machine, and no URL can hold it.
  if (isIP(ipAddr) !== 0 && !ipAddr.includes('%')) return ipAddr;
  if (isIP(hostName) !== 0 && !hostName.includes('%')) return hostName;
  return hostName !== '' && !NO_HOST.test(hostName) ? hostName : undefined;
}

/** 0, which nobody can listen on, for what is no port: the instance is listed, and connecting fails. */
function usablePort(port: number): number {
  return port > 0 && port <= MAX_PORT ? port : 0;
}
