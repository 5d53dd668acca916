import type { NetworkInterfaceInfo } from 'node:os';
import { expect, test } from 'vitest';
import { type AddressFacts, chooseAddress, isNetwork, networkMatcher } from './address.ts';

function at(address: string): NetworkInterfaceInfo {
  const common = { address, netmask: '', mac: '', internal: false, cidr: null };
  return address.includes(':') ? { ...common, family: 'IPv6', scopeid: 0 } : { ...common, family: 'IPv4' };
}

const nothing: AddressFacts = {
  explicit: undefined,
  bound: undefined,
  environment: {},
  route: undefined,
  interfaces: {},
  preferredNetworks: [],
  ignoredInterfaces: [],
};
const machine = {
  lo: [at('127.0.0.1'), at('::1')],
  docker0: [at('172.17.0.1')],
  eth0: [at('fe80::1'), at('2001:db8::7'), at('10.0.0.7')],
  eth1: [at('192.168.1.7')],
};
const choose = (given: Partial<AddressFacts>): string =>
  chooseAddress({ ...nothing, interfaces: machine, ...given }).why;

test('each source of an address stands back behind the one before it', () => {
  const environment = { POD_IP: '10.9.9.9', HOST_IP: '10.8.8.8' };
  const all = { explicit: '1.1.1.1', bound: '2.2.2.2', environment, route: '10.0.0.7' };
  expect(choose(all)).toBe('1.1.1.1: given as an option');
  expect(choose({ ...all, explicit: undefined })).toBe('2.2.2.2: the only address the server listens on');
  expect(choose({ environment, route: '10.0.0.7' })).toBe('10.9.9.9: from the variable POD_IP');
  expect(choose({ bound: '::', route: '192.168.1.7' })).toBe('192.168.1.7: the source of the route to the registry');
  expect(choose({})).toBe('10.0.0.7: the address of eth0');
});

test('a variable that holds no address, and a route that stays on this machine, say nothing', () => {
  expect(choose({ environment: { POD_IP: 'none', HOST_IP: '' } })).toBe('10.0.0.7: the address of eth0');
  for (const route of ['127.0.0.1', '::1', '169.254.3.4', 'fe80::2', '0.0.0.0']) {
    expect(choose({ route })).toBe('10.0.0.7: the address of eth0');
  }
});

test('real interfaces come before virtual ones, IPv4 before IPv6, and local addresses last of all', () => {
  const { docker0, lo } = machine;
  expect(choose({ interfaces: { docker0, eth0: [at('2001:db8::7')] } })).toBe('2001:db8::7: the address of eth0');
  expect(choose({ interfaces: { lo, docker0 } })).toBe('172.17.0.1: the address of docker0');
  expect(choose({ interfaces: { lo } })).toBe('127.0.0.1: only local addresses were found (lo)');
  expect(choose({ interfaces: {} })).toContain('no interface is left');
});

test('a preferred network beats the route and every other sign, in the order given; without one in it that is said', () => {
  const preferredNetworks = ['192.168.0.0/16', '10.'];
  expect(choose({ preferredNetworks, route: '2.2.2.2' })).toBe('192.168.1.7: the address of eth1');
  expect(choose({ preferredNetworks, route: '10.0.0.7' })).toBe('10.0.0.7: the source of the route to the registry');
  expect(choose({ preferredNetworks: ['172.16.0.0/12'] })).toBe('172.17.0.1: the address of docker0');
  expect(choose({ preferredNetworks: ['2001:db8::/32'] })).toBe('2001:db8::7: the address of eth0');
  expect(choose({ preferredNetworks: ['11.'] })).toBe(
    '10.0.0.7: the address of eth0, as no address lies in a preferred network',
  );
});

test('ignored interfaces do not exist, by name or by pattern', () => {
  expect(choose({ ignoredInterfaces: ['eth0'] })).toBe('192.168.1.7: the address of eth1');
  expect(choose({ ignoredInterfaces: ['ETH*', 'docker?'] })).toBe('172.17.0.1: the address of docker0');
});

test('a network is CIDR or the beginning of an address, and nothing else', () => {
  for (const fine of ['10.0.0.0/8', '10.', '192.168.1', 'fd00::/8', 'fd00:']) expect(isNetwork(fine)).toBe(true);
  for (const bad of ['10.0.0.0/33', 'fd00::/129', '10.0.0/8', '1.1.1.1/8/9', 'eth0', '', '/8', '1.1.1.1/-1']) {
    expect(isNetwork(bad)).toBe(false);
  }
  expect(networkMatcher('10.0.0.0/8')('11.0.0.1')).toBe(false);
  expect(networkMatcher('10.0.0.0/8')('::1')).toBe(false);
  expect(networkMatcher('FD00:')('fd00:1::')).toBe(true);
});
