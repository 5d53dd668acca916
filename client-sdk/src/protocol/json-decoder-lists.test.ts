import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { byApp } from './apply-delta.ts';
import { appsHashCode } from './apps-hash-code.ts';
import { DecodeError } from './decode-error.ts';
import { decodeApplications } from './json-decoder.ts';

const samples = new URL('../../../test/conformance/recorded/eureka-java/samples/', import.meta.url);
const sample = (name: string) => readFileSync(new URL(name, samples), 'utf8');
const decode = (applications: unknown) => decodeApplications(JSON.stringify({ applications }));
const I = { app: 'A', hostName: 'h1', dataCenterInfo: { name: 'MyOwn' } };

test.each(['full/apps.json', 'compact/apps.json', 'full/vips-billing.json', 'compact/svips-orders.json'])(
  'the hash of what a genuine server lists is the hash that it says: %s',
  (name) => {
    const list = decodeApplications(sample(name));
    const instances = list.applications.flatMap((app) => app.instances);
    expect(list.skipped).toBe(0);
    expect(instances.length).toBeGreaterThan(0);
    expect(appsHashCode(instances)).toBe(list.appsHashCode);
  },
);

test('a genuine full list says version 1, a list of a VIP -1, a delta counts', () => {
  expect(decodeApplications(sample('full/apps.json')).versionsDelta).toBe('1');
  expect(decodeApplications(sample('full/vips-orders.json')).versionsDelta).toBe('-1');
  expect(Number(decodeApplications(sample('full/apps-delta.json')).versionsDelta)).toBeGreaterThan(1);
});

test('the full and the compact list hold the same instances', () => {
  const ids = (name: string) =>
    [...byApp(decodeApplications(sample(name)))].map(([app, held]) => [app, [...held.keys()]]);
  expect(ids('compact/apps.json')).toEqual(ids('full/apps.json'));
});

test('a server of the older codec is understood: single objects, numbers as text, lower-case override', () => {
  const { applications, versionsDelta, skipped } = decode({
    versions__delta: 7,
    apps__hashcode: 'UP_1_',
    application: {
      name: 'a',
      instance: {
        ...I,
        overriddenstatus: 'DOWN',
        port: { '@enabled': true, $: '8080' },
        metadata: { '@class': 'java.util.Collections$EmptyMap' },
        lastDirtyTimestamp: 5,
        leaseInfo: { durationInSecs: '20' },
      },
    },
  });
  expect({ versionsDelta, skipped }).toEqual({ versionsDelta: '7', skipped: 0 });
  expect(applications).toMatchObject([
    {
      name: 'A',
      instances: [{ overriddenStatus: 'DOWN', port: { port: 8080, enabled: true }, leaseInfo: { durationInSecs: 20 } }],
    },
  ]);
});

test('a list without applications, version or hash is an empty list of none', () => {
  const nothing = { versionsDelta: undefined, appsHashCode: undefined, applications: [], skipped: 0 };
  expect(decode({})).toEqual(nothing);
  expect(decode({ application: null })).toEqual(nothing);
});

test('what cannot be read is left out and counted, and never spoils the rest', () => {
  const { applications, skipped } = decode({
    application: [
      null,
      'text',
      { name: 'a', instance: [I, { ...I, port: 'x' }, null, { ...I, hostName: 'h2', status: {} }] },
      { name: { deep: 1 }, instance: { ...I, app: 'B' } },
      { instance: [] },
      { name: 'c' },
    ],
  });
  expect(applications.map(({ name, instances }) => [name, instances.length])).toEqual([
    ['A', 1],
    ['B', 1],
    ['C', 0],
  ]);
  expect(skipped).toBe(6);
});

test.each(['', '<applications/>', '[]', '{}', '{"applications":[]}', '{"applications":null}', '{"application":[]}'])(
  '%j is no list',
  (text) => {
    expect(() => decodeApplications(text)).toThrow(DecodeError);
  },
);
