import { expect, test } from 'vitest';
import { DecodeError } from './decode-error.ts';
import { decodeRegistration } from './json-decoder.ts';

const CENTER = { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' };
const R = { app: 'billing', hostName: 'h1', ipAddr: '10.0.0.1', dataCenterInfo: CENTER };
const decode = (change: object = {}, limit?: number) =>
  decodeRegistration(JSON.stringify({ instance: { ...R, ...change } }), limit);
/** The last wins: fields that JSON.stringify cannot say. */
const decodeRaw = (fields: string) =>
  decodeRegistration(`{"instance":{"app":"A","hostName":"h","dataCenterInfo":${JSON.stringify(CENTER)},${fields}}}`);

test('what a registration leaves out has the defaults of Eureka', () => {
  expect(decode()).toEqual({
    app: 'BILLING',
    hostName: 'h1',
    ipAddr: '10.0.0.1',
    port: { port: 7001, enabled: true },
    securePort: { port: 7002, enabled: false },
    countryId: 1,
    dataCenterInfo: { name: 'MyOwn' },
    status: 'UP',
    overriddenStatus: 'UNKNOWN',
    leaseInfo: {
      renewalIntervalInSecs: 30,
      durationInSecs: 90,
      registrationTimestamp: 0,
      lastRenewalTimestamp: 0,
      evictionTimestamp: 0,
      serviceUpTimestamp: 0,
    },
    isCoordinatingDiscoveryServer: false,
    metadata: {},
    lastUpdatedTimestamp: 0,
    lastDirtyTimestamp: undefined,
  });
});

test('an explicit null is an absent field', () => {
  const names = [
    'instanceId',
    'appGroupName',
    'sid',
    'port',
    'securePort',
    'homePageUrl',
    'statusPageUrl',
    'healthCheckUrl',
  ];
  const more = [
    'secureHealthCheckUrl',
    'vipAddress',
    'secureVipAddress',
    'countryId',
    'status',
    'overriddenStatus',
    'leaseInfo',
  ];
  const rest = [
    'isCoordinatingDiscoveryServer',
    'metadata',
    'lastUpdatedTimestamp',
    'lastDirtyTimestamp',
    'actionType',
    'asgName',
  ];
  expect(decode(Object.fromEntries([...names, ...more, ...rest].map((name) => [name, null])))).toEqual(decode());
});

test('what Spring’s HTTP clients write is the same instance as what Jersey’s write', () => {
  const jersey = {
    status: 'UP',
    port: { $: 9001, '@enabled': 'true' },
    lastDirtyTimestamp: '1000',
    lastUpdatedTimestamp: '7',
  };
  const spring = {
    ...{ status: 'UP', port: { $: 9001, '@enabled': 'true' }, lastDirtyTimestamp: 1000, lastUpdatedTimestamp: 7 },
    ...{
      sid: 'na',
      isCoordinatingDiscoveryServer: false,
      overriddenStatus: 'UNKNOWN',
      asgName: null,
      appGroupName: null,
    },
  };
  expect(decode(spring)).toEqual(decode(jersey));
});

test('unknown fields are dropped, scalars, objects and arrays alike', () => {
  expect(decode({ new: 1, newer: { a: [1] }, newest: [] })).toEqual(decode());
});

test('application and group are upper-cased, whatever the locale of the machine', () => {
  expect(decode({ app: 'straße', appGroupName: 'grp-ı' })).toMatchObject({ app: 'STRASSE', appGroupName: 'GRP-I' });
});

test.each(['na', 'unknown'])('the sid %s is none', (sid) => {
  expect(decode({ sid }).sid).toBeUndefined();
});

test.each([
  [{ $: 9001 }, { port: 9001, enabled: true }],
  [
    { $: '9001', '@enabled': true },
    { port: 9001, enabled: true },
  ],
  [
    { $: ' 80 ', '@enabled': 'TRUE' },
    { port: 80, enabled: false },
  ],
  [
    { $: 8080.5, '@enabled': false },
    { port: 8080, enabled: false },
  ],
  [{ $: 'abc' }, { port: 0, enabled: true }],
  [{ $: '0x50' }, { port: 0, enabled: true }],
  [{ $: null }, { port: 0, enabled: true }],
  [{ $: -1 }, { port: -1, enabled: true }],
  [
    { $: 65536, extra: 1 },
    { port: 65536, enabled: true },
  ],
  [{}, { port: 7001, enabled: true }],
  [null, { port: 7001, enabled: true }],
])('the port %j is %j', (port, expected) => {
  expect(decode({ port }).port).toEqual(expected);
});

test('a secure port is disabled unless it says otherwise', () => {
  expect(decode({ securePort: { $: 1 } }).securePort).toEqual({ port: 1, enabled: false });
  expect(decode({ securePort: { $: 1, '@enabled': 'true' } }).securePort.enabled).toBe(true);
});

test.each([
  ['up', 'UP'],
  ['DOWN', 'DOWN'],
  ['', 'UNKNOWN'],
  ['sleepy', 'UNKNOWN'],
  [1, 'UNKNOWN'],
  [null, 'UP'],
  [undefined, 'UP'],
])('the status %j is %s', (status, expected) => {
  expect(decode({ status }).status).toBe(expected);
});

test('both spellings of the override are read; the later counts, and a null does not', () => {
  expect(decodeRaw('"overriddenStatus":"UP","overriddenstatus":"DOWN"').overriddenStatus).toBe('DOWN');
  expect(decodeRaw('"overriddenstatus":"DOWN","overriddenStatus":"UP"').overriddenStatus).toBe('UP');
  expect(decodeRaw('"overriddenstatus":"DOWN","overriddenStatus":null').overriddenStatus).toBe('DOWN');
  expect(decode({ overriddenstatus: '' }).overriddenStatus).toBe('UNKNOWN');
});

test.each([
  ['1000', 1000],
  [1000, 1000],
  [1000.9, 1000],
  ['', 0],
  ['abc', 0],
  ['1e999', 0],
  [null, undefined],
])('the dirty timestamp %j is %s', (lastDirtyTimestamp, expected) => {
  expect(decode({ lastDirtyTimestamp }).lastDirtyTimestamp).toBe(expected);
});

test('a lease of nonsense is the default lease; texts are numbers, and the old name of the renewal is read', () => {
  const { leaseInfo } = decode({
    leaseInfo: { renewalIntervalInSecs: '10', durationInSecs: 'x', renewalTimestamp: 5 },
  });
  expect(leaseInfo).toMatchObject({ renewalIntervalInSecs: 10, durationInSecs: 90, lastRenewalTimestamp: 5 });
  expect(decode({ leaseInfo: { evictionDurationInSecs: 1 } })).toEqual(decode());
});

test('metadata values become texts, nulls and @class are dropped', () => {
  const metadata = { '@class': 'java.util.HashMap', zone: 'a', weight: 5, on: true, none: null, deep: { a: [1] } };
  expect(decode({ metadata }).metadata).toEqual({ zone: 'a', weight: '5', on: 'true', deep: '{"a":[1]}' });
  expect(decode({ metadata: { '@class': 'java.util.Collections$EmptyMap' } }).metadata).toEqual({});
});

test('metadata of the prototype is metadata like other', () => {
  const { metadata } = decodeRaw('"metadata":{"__proto__":"x","constructor":"y"},"__proto__":{"status":"DOWN"}');
  expect(Object.entries(metadata)).toEqual([
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
  expect(decodeRaw('"__proto__":{"status":"DOWN"}').status).toBe('UP');
  expect(Object.keys(Object.prototype)).toEqual([]);
});

test('without an id, the one in the metadata counts, made unique by the host name', () => {
  expect(decode({ metadata: { instanceId: '7' } }).instanceId).toBe('h1:7');
  expect(decode({ metadata: { instanceId: 'h1-7' } }).instanceId).toBe('h1-7');
  expect(decode({ instanceId: 'own', metadata: { instanceId: '7' } }).instanceId).toBe('own');
  expect(decode({ instanceId: '' }).instanceId).toBe('');
});

const AMAZON = 'com.netflix.appinfo.AmazonInfo';
test.each([
  [{ name: 'MyOwn' }, { name: 'MyOwn' }],
  [{ '@class': 'com.netflix.appinfo.MyDataCenterInfo', name: 'Netflix' }, { name: 'Netflix' }],
  [{ ...CENTER, metadata: { a: 'b' } }, { name: 'MyOwn' }],
  [
    { '@class': AMAZON, name: 'MyOwn' },
    { name: 'Amazon', metadata: { 'instance-id': 'h1' } },
  ],
  [
    { ...CENTER, name: 'Amazon' },
    { name: 'Amazon', metadata: { 'instance-id': 'h1' } },
  ],
  [
    { '@class': AMAZON, name: 'Amazon', metadata: { 'instance-id': 'i-1' } },
    { name: 'Amazon', metadata: { 'instance-id': 'i-1' } },
  ],
])('the data center %j is %j: the class follows from the name', (dataCenterInfo, expected) => {
  expect(decode({ dataCenterInfo }).dataCenterInfo).toEqual(expected);
});

test('a data center, or its name, that is missing is said to be', () => {
  expect(decode({ dataCenterInfo: null }).missing).toBe('dataCenterInfo');
  expect(decode({ dataCenterInfo: { '@class': CENTER['@class'] } }).missing).toBe('dataCenterInfo.name');
  expect(decode()).not.toHaveProperty('missing');
});

test.each([
  [{ app: undefined }, 'instance.app'],
  [{ hostName: { a: 1 } }, 'instance.hostName'],
  [{ port: 8080 }, 'instance.port'],
  [{ port: '8080' }, 'instance.port'],
  [{ port: [] }, 'instance.port'],
  [{ port: { $: 1, '@enabled': [] } }, 'instance.port.@enabled'],
  [{ securePort: { $: 2 ** 31 } }, 'instance.securePort.$'],
  [{ countryId: 2 ** 40 }, 'instance.countryId'],
  [{ status: { toString: 'UP' } }, 'instance.status'],
  [{ overriddenStatus: ['UP'] }, 'instance.overriddenStatus'],
  [{ isCoordinatingDiscoveryServer: { valueOf: 1 } }, 'instance.isCoordinatingDiscoveryServer'],
  [{ metadata: 'text' }, 'instance.metadata'],
  [{ metadata: [] }, 'instance.metadata'],
  [{ leaseInfo: [] }, 'instance.leaseInfo'],
  [{ dataCenterInfo: 'MyOwn' }, 'instance.dataCenterInfo'],
  [{ dataCenterInfo: { '@class': 'java.lang.Runtime', name: 'MyOwn' } }, 'instance.dataCenterInfo.@class'],
  [{ dataCenterInfo: { ...CENTER, name: 'myown' } }, 'instance.dataCenterInfo.name'],
  [{ vipAddress: 'v'.repeat(8_193) }, 'instance.vipAddress'],
])('%.60j is refused, and the error says where', (change, path) => {
  expect(() => decode(change)).toThrow(expect.objectContaining({ name: 'DecodeError', path }));
});

test('metadata is limited as a whole', () => {
  expect(decode({ metadata: { key: 'v'.repeat(7) } }, 10).metadata).toHaveProperty('key');
  expect(() => decode({ metadata: { key: 'v'.repeat(8) } }, 10)).toThrow('at most 10 characters');
});

test.each([
  '',
  'null',
  '5',
  '[]',
  '{}',
  '{"instance":null}',
  '{"instance":[]}',
  '{"instance":"x"}',
  '{"instance":{"app":"A"}',
  '<instance><app>A</app></instance>',
  '{"Instance":{"app":"A"}}',
  JSON.stringify(R),
])('%.60j is no registration', (text) => {
  expect(() => decodeRegistration(text)).toThrow(DecodeError);
});

test('a byte order mark before and text after the document do not count', () => {
  const text = JSON.stringify({ instance: { ...R, instanceId: 'a}"{b\\' } });
  expect(decodeRegistration(`\ufeff${text} {"more":1}`)).toEqual(decodeRegistration(text));
});

test('an error never repeats more than a little of the input', () => {
  const long = 'x'.repeat(8_000);
  for (const dataCenterInfo of [{ '@class': long, name: 'MyOwn' }, { name: long }]) {
    expect(() => decode({ dataCenterInfo })).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^.{0,200}$/) }),
    );
  }
});

test.each([
  ['status', '[', ']'],
  ['metadata', '{"a":', '1}'],
  ['new', '[', ']'],
  ['port', '{"$":[', ']}'],
])('nesting of 100,000 levels in %s is read or refused, and never breaks the reader', (field, open, close) => {
  const levels = 100_000;
  const deep = `"${field}":${open.repeat(levels)}${close.startsWith('1') ? `1${close.slice(1).repeat(levels)}` : close.repeat(levels)}`;
  try {
    expect(decodeRaw(deep).app).toBe('A');
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
  }
});
