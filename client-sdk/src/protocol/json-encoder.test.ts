import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { InstanceInfo } from './instance-info.ts';
import { decodeApplications, decodeInstance, decodeRegistration } from './json-decoder.ts';
import {
  dataCenterClass,
  encodeCompactInstanceJson,
  encodeInstanceJson,
  encodeRegistrationJson,
} from './json-encoder.ts';

const samples = new URL('../../../test/conformance/recorded/eureka-java/samples/', import.meta.url);
const sample = (name: string) => readFileSync(new URL(name, samples), 'utf8');

interface Wire {
  readonly applications: { readonly application: readonly { readonly instance: readonly object[] }[] };
}

test.each(['apps', 'apps-delta', 'vips-billing', 'svips-orders'])(
  'what a genuine server writes is written the same: %s',
  (list) => {
    for (const [form, encode] of [
      ['full', encodeInstanceJson],
      ['compact', encodeCompactInstanceJson],
    ] as const) {
      const text = sample(`${form}/${list}.json`);
      const recorded = (JSON.parse(text) as Wire).applications.application.flatMap(({ instance }) => instance);
      const decoded = decodeApplications(text).applications.flatMap(({ instances }) => instances);
      expect(decoded.map((info) => JSON.parse(encode(info)) as object)).toEqual(recorded);
    }
  },
);

test('a full list of stock is written in its order of properties', () => {
  const text = sample('full/apps.json');
  for (const { instances } of decodeApplications(text).applications) {
    // Metadata apart, whose order stock takes from a hash table, this is byte for byte.
    for (const info of instances)
      if (Object.keys(info.metadata).length < 2) expect(text).toContain(encodeInstanceJson(info));
  }
});

test('absent fields are left out, and empty metadata says its class', () => {
  const info = decodeInstance({ app: 'A', hostName: 'h', ipAddr: '1', dataCenterInfo: { name: 'MyOwn' } });
  const wire = JSON.parse(encodeInstanceJson(info)) as Record<string, unknown>;
  expect(Object.keys(wire)).toEqual([
    ...['hostName', 'app', 'ipAddr', 'status', 'overriddenStatus', 'port', 'securePort', 'countryId', 'dataCenterInfo'],
    ...['leaseInfo', 'metadata', 'isCoordinatingDiscoveryServer', 'lastUpdatedTimestamp', 'lastDirtyTimestamp'],
  ]);
  expect(wire['metadata']).toEqual({ '@class': 'java.util.Collections$EmptyMap' });
});

test('a registrant without a dirty timestamp shows when it was last changed', () => {
  const info = decodeInstance({ app: 'A', hostName: 'h', lastUpdatedTimestamp: 7 });
  expect(encodeInstanceJson(info)).toContain('"lastDirtyTimestamp":"7"');
});

test('the class of a data center follows from its name', () => {
  expect(dataCenterClass({ name: 'Amazon' })).toBe('com.netflix.appinfo.AmazonInfo');
  for (const name of ['MyOwn', 'Netflix'] as const) {
    expect(dataCenterClass({ name })).toBe('com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo');
  }
});

const text = fc.string({ unit: 'binary', maxLength: 12 }).map((it) => it.toWellFormed());
const map = fc.dictionary(
  text.filter((key) => key !== '@class'),
  text,
  { noNullPrototype: false, maxKeys: 5 },
);
const status = fc.constantFrom('UP', 'DOWN', 'STARTING', 'OUT_OF_SERVICE', 'UNKNOWN' as const);
const time = fc.nat(2 ** 31 - 1);
const port = fc.record({ port: fc.integer(), enabled: fc.boolean() });
const maybe = fc.option(text, { nil: undefined });
const secs = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const infos: fc.Arbitrary<InstanceInfo> = fc.record({
  instanceId: text,
  app: text.map((it) => it.toUpperCase()),
  appGroupName: maybe.map((it) => it?.toUpperCase()),
  ipAddr: text,
  sid: maybe,
  hostName: text,
  port,
  securePort: port,
  homePageUrl: maybe,
  statusPageUrl: maybe,
  healthCheckUrl: maybe,
  secureHealthCheckUrl: maybe,
  vipAddress: maybe,
  secureVipAddress: maybe,
  countryId: fc.integer(),
  dataCenterInfo: fc.oneof(
    fc.constantFrom({ name: 'MyOwn' as const }, { name: 'Netflix' as const }),
    map.map((facts) => ({ name: 'Amazon' as const, metadata: { ...facts, 'instance-id': 'i-1' } })),
  ),
  status,
  overriddenStatus: status,
  leaseInfo: fc.record({
    renewalIntervalInSecs: secs,
    durationInSecs: secs,
    registrationTimestamp: time,
    lastRenewalTimestamp: time,
    evictionTimestamp: time,
    serviceUpTimestamp: time,
  }),
  isCoordinatingDiscoveryServer: fc.boolean(),
  metadata: map,
  lastUpdatedTimestamp: time,
  lastDirtyTimestamp: time,
  actionType: fc.constantFrom('ADDED', 'MODIFIED', 'DELETED', undefined),
  asgName: maybe,
});

test('whatever an instance holds, its JSON decodes to the same instance', () => {
  fc.assert(
    fc.property(infos, (info) => {
      const { missing: _, ...decoded } = decodeRegistration(encodeRegistrationJson(info));
      expect(decoded).toEqual(info);
    }),
  );
});

test('the compact form is what remains of the full one, its timestamp a number', () => {
  const amazon = ['instance-id', 'public-ipv4', 'public-hostname', 'local-ipv4', 'availability-zone'];
  fc.assert(
    fc.property(infos, (info) => {
      const full = JSON.parse(encodeInstanceJson(info)) as Record<string, unknown>;
      const { lastUpdatedTimestamp, dataCenterInfo, ...rest } = JSON.parse(encodeCompactInstanceJson(info));
      expect(full).toMatchObject(rest);
      expect(rest).not.toHaveProperty('metadata');
      expect(rest).not.toHaveProperty('leaseInfo');
      expect(lastUpdatedTimestamp).toBe(info.lastUpdatedTimestamp);
      expect(amazon).toEqual(expect.arrayContaining(Object.keys(dataCenterInfo.metadata ?? {})));
    }),
  );
});
