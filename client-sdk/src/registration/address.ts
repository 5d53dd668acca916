/**
 * Which address others reach us at: a pure choice over what is known, with the reason in one sentence.
 *
 * Order: what was said, what the server is bound to, the environment, the source address of the route to the registry, the first real
 * interface. An address that no other machine can reach is taken only when there is nothing else.
 */
import { BlockList, isIP } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';

export interface AddressFacts {
  readonly explicit: string | undefined;
  /** What the server listens on; undefined: every address, or no server is known. */
  readonly bound: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Source address of the route to the registry; undefined: none was found. */
  readonly route: string | undefined;
  readonly interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>;
  readonly preferredNetworks: readonly string[];
  readonly ignoredInterfaces: readonly string[];
}

export interface AddressChoice {
  readonly address: string;
  /** Such as `10.0.0.7: the address of eth0`. */
  readonly why: string;
}

/** Where orchestrators tell a process its address; the pod's before the node's. */
export const ADDRESS_VARIABLES = ['HEUREKA_ADDRESS', 'POD_IP', 'MY_POD_IP', 'INSTANCE_IP', 'HOST_IP'] as const;

/** Bridges, tunnels and what containers and virtual machines leave behind: others cannot reach us there. */
const VIRTUAL =
  /^(docker|br-|veth|virbr|vmnet|vboxnet|vethernet|cni|flannel|cali|cilium|lxc|lxd|podman|kube|weave|tun|tap|utun|ppp|wg|tailscale|zt|dummy|ifb|awdl|llw|anpi|bridge|ham)/i;

export function chooseAddress(facts: AddressFacts): AddressChoice {
  const { explicit, bound, environment, route } = facts;
  if (explicit !== undefined) return chosen(explicit, 'given as an option');
  if (bound !== undefined && !isWildcard(bound)) return chosen(bound, 'the only address the server listens on');
  for (const name of ADDRESS_VARIABLES) {
    const value = environment[name]?.trim();
    if (value !== undefined && isIP(value) !== 0) return chosen(value, `from the variable ${name}`);
  }
  const preferred = facts.preferredNetworks.map(networkMatcher);
  const wanted = (address: string): boolean => preferred.length === 0 || preferred.some((fits) => fits(address));
  if (route !== undefined && !isLocal(route) && wanted(route)) {
    return chosen(route, 'the source of the route to the registry');
  }
  return byInterface(facts, preferred);
}

function byInterface(
  { interfaces, ignoredInterfaces }: AddressFacts,
  preferred: readonly ((address: string) => boolean)[],
): AddressChoice {
  const ignored = ignoredInterfaces.map(nameMatcher);
  const found: { readonly name: string; readonly address: string; readonly rank: number }[] = [];
  for (const [name, addresses = []] of Object.entries(interfaces)) {
    if (ignored.some((fits) => fits(name))) continue;
    for (const { address, family } of addresses) {
      const network = preferred.findIndex((fits) => fits(address));
      const place = network < 0 ? preferred.length : network;
      const remote = isLocal(address) ? 4 : VIRTUAL.test(name) ? 2 : 0;
      // A network that was asked for beats every other sign; then reachable, real, and the older family, which all clients speak.
      const rank = (preferred.length > 0 ? place * 16 : 0) + remote + (family === 'IPv4' ? 0 : 1);
      found.push({ name, address, rank });
    }
  }
  // Stable: the system's order decides between equals.
  const best = found.sort((one, other) => one.rank - other.rank)[0];
  if (best === undefined) return chosen('127.0.0.1', 'no interface is left, so others cannot reach this service');
  const missed = preferred.length > 0 && !preferred.some((fits) => fits(best.address));
  const also = missed ? ', as no address lies in a preferred network' : '';
  if (isLocal(best.address)) return chosen(best.address, `only local addresses were found (${best.name})${also}`);
  return chosen(best.address, `the address of ${best.name}${also}`);
}

function chosen(address: string, reason: string): AddressChoice {
  return { address, why: `${address}: ${reason}` };
}

function isWildcard(address: string): boolean {
  return address === '' || address === '0.0.0.0' || address === '::';
}

/** Loopback and link-local: they mean another machine to everybody else. */
function isLocal(address: string): boolean {
  return /^(127\.|169\.254\.|::1$|fe[89ab][0-9a-f]:)/i.test(address) || isWildcard(address);
}

/** @param network - CIDR, or the beginning of an address */
export function networkMatcher(network: string): (address: string) => boolean {
  const [base = '', prefix] = network.split('/', 2);
  const family = isIP(base);
  if (prefix === undefined || family === 0) return (address) => address.toLowerCase().startsWith(network.toLowerCase());
  const kind = family === 6 ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(base, Number(prefix), kind);
  return (address) => isIP(address) === family && list.check(address, kind);
}

/** Whether `networkMatcher` understands it. */
export function isNetwork(network: string): boolean {
  const [base = '', prefix, ...more] = network.split('/');
  if (prefix === undefined) return /^[0-9a-f.:]+$/i.test(network);
  const family = isIP(base);
  return family !== 0 && more.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 6 ? 128 : 32);
}

/** @param pattern - a name in which `*` stands for any characters */
function nameMatcher(pattern: string): (name: string) => boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  const expression = new RegExp(`^${parts.join('.*')}$`, 'i');
  return (name) => expression.test(name);
}
