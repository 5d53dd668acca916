import { expect, test } from 'vitest';
import type { RegistrationOptions } from '../api.ts';
import { OptionsError } from '../errors.ts';
import { prepareRegistration, type Surroundings } from './prepare-registration.ts';
import { registrationOptions } from './registration-options.ts';

const none = { packageName: undefined, zone: undefined };

function problems(given: object): readonly string[] {
  try {
    registrationOptions(given as Partial<RegistrationOptions>, none);
  } catch (error) {
    if (error instanceof OptionsError) return error.problems.map(({ option }) => option);
    throw error;
  }
  return [];
}

test('a port is enough: name from package.json without its scope, lease 10 s of 30 s, SIGTERM', () => {
  expect(registrationOptions({ port: 3000 }, { packageName: '@acme/orders', zone: 'a' })).toMatchObject({
    app: 'orders',
    vip: 'orders',
    secureVip: 'orders',
    status: 'UP',
    heartbeatMs: 10_000,
    leaseMs: 30_000,
    propagationMs: undefined,
    inflightMs: 10_000,
    signals: ['SIGTERM'],
    metadata: { zone: 'a' },
  });
});

test('who shortens the lease alone gets beats that keep it', () => {
  const { heartbeatMs } = registrationOptions({ app: 'a', port: 1, leaseMs: 6_000 }, none);
  expect(heartbeatMs).toBe(2_000);
});

test('the zone is the option, else the metadata, else the own one', () => {
  const zone = (given: object): string | undefined =>
    registrationOptions({ app: 'a', port: 1, ...given }, { packageName: undefined, zone: 'own' }).metadata['zone'];
  expect(zone({ zone: 'x', metadata: { zone: 'y' } })).toBe('x');
  expect(zone({ metadata: { zone: 'y' } })).toBe('y');
  expect(zone({})).toBe('own');
});

test('every wrong option is named, at once', () => {
  const wrong = {
    app: 'a/b',
    port: 0,
    securePort: 65_536,
    address: 'host',
    instanceId: 'a\\b',
    hostname: '',
    status: 'DOWN',
    health: true,
    heartbeatMs: 40_000,
    leaseMs: 30_000,
    drain: { propagationMs: -1, inflightMs: Number.NaN },
    signals: ['SIGNONE'],
    preferredNetworks: ['10.0.0.0/99'],
    ignoredInterfaces: [1],
    metadata: { n: 1 },
  };
  expect(problems(wrong).toSorted()).toEqual(
    [
      'app',
      'port',
      'securePort',
      'address',
      'instanceId',
      'hostname',
      'status',
      'health',
      'heartbeatMs',
      'drain.propagationMs',
      'drain.inflightMs',
      'signals',
      'preferredNetworks',
      'ignoredInterfaces',
      'metadata.n',
    ].toSorted(),
  );
  expect(problems({ app: 'a' })).toEqual(['port']);
  expect(problems({ port: 1 })).toEqual(['app']);
  expect(problems({ app: 'a', port: 1, metadata: { k: 'x'.repeat(70_000) } })).toEqual(['metadata']);
});

test('the record has an id that names address, app and port, and a cluster worker’s its number; the address says why', async () => {
  const surroundings: Surroundings = {
    environment: {},
    zone: undefined,
    workerId: 3,
    packageName: () => Promise.resolve('@acme/Orders'),
    interfaces: () => ({}),
    route: () => Promise.resolve('10.0.0.7'),
  };
  const plain = await prepareRegistration({ port: 80 }, surroundings);
  expect(plain.addressReason).toBe('10.0.0.7: the source of the route to the registry');
  expect(plain.info).toMatchObject({
    instanceId: '10.0.0.7:orders:80:3',
    app: 'ORDERS',
    ipAddr: '10.0.0.7',
    hostName: '10.0.0.7',
    port: { port: 80, enabled: true },
    securePort: { enabled: false },
    vipAddress: 'Orders',
    leaseInfo: { renewalIntervalInSecs: 10, durationInSecs: 30 },
  });
  const secure = await prepareRegistration(
    { securePort: 443, hostname: 'h' },
    { ...surroundings, workerId: undefined },
  );
  expect(secure.info).toMatchObject({
    instanceId: '10.0.0.7:orders:443',
    hostName: 'h',
    port: { enabled: false },
    securePort: { port: 443, enabled: true },
  });
});

test('a misspelt option is named', () => {
  expect(problems({ app: 'a', port: 1, heartbeat: 5_000, drain: { inflight: 1 } })).toEqual([
    'heartbeat',
    'drain.inflight',
  ]);
});
