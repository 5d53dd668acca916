import { DecodeError } from '@heureka/client-sdk/protocol';
import { expect, test } from 'vitest';
import { decodeRegistrationXml } from './xml-decoder.ts';

const LIMIT = 65_536;
const CENTER = '<dataCenterInfo><name>MyOwn</name></dataCenterInfo>';
const decode = (inner: string, limit = LIMIT) =>
  decodeRegistrationXml(`<instance><app>billing</app><hostName>h1</hostName>${inner}</instance>`, limit);

test('what a registration leaves out has the defaults of Eureka', () => {
  expect(decode(CENTER)).toEqual({
    app: 'BILLING',
    hostName: 'h1',
    ipAddr: '',
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

test('unknown elements are skipped, nested ones and attributes too; of a repeated one the last counts', () => {
  const info = decode(`${CENTER}<new a="1"><status>DOWN</status></new><ipAddr>1</ipAddr><ipAddr>2</ipAddr>`);
  expect(info).toMatchObject({ status: 'UP', ipAddr: '2' });
});

test.each([
  ['<status>down</status>', 'DOWN'],
  ['<status>OUT_OF_SERVICE</status>', 'OUT_OF_SERVICE'],
  ['<status></status>', 'UNKNOWN'],
  ['<status>sleepy</status>', 'UNKNOWN'],
  ['', 'UP'],
])('%s is the status %s', (xml, status) => {
  expect(decode(CENTER + xml).status).toBe(status);
});

test('both spellings of the override are read, and the later counts', () => {
  const lower = '<overriddenstatus>DOWN</overriddenstatus>';
  const camel = '<overriddenStatus>UP</overriddenStatus>';
  expect(decode(CENTER + lower + camel).overriddenStatus).toBe('UP');
  expect(decode(CENTER + camel + lower).overriddenStatus).toBe('DOWN');
  expect(decode(`${CENTER}<overriddenstatus></overriddenstatus>`).overriddenStatus).toBe('UNKNOWN');
});

test('a port is enabled unless it says false, a secure port disabled unless it says true', () => {
  const info = decode(`${CENTER}<port enabled="no">1</port><securePort enabled="TRUE">2</securePort>`);
  expect([info.port, info.securePort]).toEqual([
    { port: 1, enabled: true },
    { port: 2, enabled: false },
  ]);
  const other = decode(`${CENTER}<port enabled="false">-1</port><securePort enabled="true">65536</securePort>`);
  expect([other.port, other.securePort]).toEqual([
    { port: -1, enabled: false },
    { port: 65_536, enabled: true },
  ]);
});

test.each([
  ['<port> 80</port>', 'instance.port'],
  ['<port></port>', 'instance.port'],
  ['<port>80.5</port>', 'instance.port'],
  ['<securePort>2147483648</securePort>', 'instance.securePort'],
  ['<countryId>x</countryId>', 'instance.countryId'],
  ['<dataCenterInfo><name>Mars</name></dataCenterInfo>', 'instance.dataCenterInfo.name'],
  ['<dataCenterInfo><name>myown</name></dataCenterInfo>', 'instance.dataCenterInfo.name'],
  [`<vipAddress>${'v'.repeat(8_193)}</vipAddress>`, 'instance.vipAddress'],
  [`<hostName>${'&amp;'.repeat(8_193)}</hostName>`, 'instance.hostName'],
])('%.40s is refused, and the error says where', (xml, path) => {
  expect(() => decode(CENTER + xml)).toThrow(expect.objectContaining({ name: 'DecodeError', path }));
});

test('the root must be <instance>, and an application must be named', () => {
  for (const xml of ['<Instance/>', '<application><name>A</name></application>', '<instance/>']) {
    expect(() => decodeRegistrationXml(xml, LIMIT)).toThrow(DecodeError);
  }
});

test('the class of a data center does not count, its name does: Amazon in any case', () => {
  const cloud = decode(
    '<dataCenterInfo class="nobody.knows"><metadata><instance-id>i-1</instance-id><a_.0020b>1</a_.0020b></metadata><name>AMAZON</name></dataCenterInfo>',
  );
  expect(cloud.dataCenterInfo).toEqual({ name: 'Amazon', metadata: { 'instance-id': 'i-1', 'a b': '1' } });
  const own = decode(
    '<dataCenterInfo class="com.netflix.appinfo.AmazonInfo"><name>MyOwn</name><metadata><a>1</a></metadata></dataCenterInfo>',
  );
  expect(own.dataCenterInfo).toEqual({ name: 'MyOwn' });
});

test("Amazon's facts name the instance where they did not", () => {
  const { dataCenterInfo } = decode('<instanceId>i1</instanceId><dataCenterInfo><name>Amazon</name></dataCenterInfo>');
  expect(dataCenterInfo).toEqual({ name: 'Amazon', metadata: { 'instance-id': 'i1' } });
});

test('a data center, or its name, that is missing is said to be', () => {
  expect(decode('').missing).toBe('dataCenterInfo');
  expect(decode('<dataCenterInfo/>').missing).toBe('dataCenterInfo.name');
  expect(decode(CENTER)).not.toHaveProperty('missing');
});

test('a timestamp that is no whole number is none', () => {
  const dirty = (text: string) =>
    decode(`${CENTER}<lastDirtyTimestamp>${text}</lastDirtyTimestamp>`).lastDirtyTimestamp;
  expect(dirty('1000')).toBe(1000);
  for (const text of ['', 'abc', ' 1000', '1000.5', '99999999999999999999']) expect(dirty(text)).toBeUndefined();
});

test('a lease of zeros is the default lease', () => {
  const { leaseInfo } = decode(
    `${CENTER}<leaseInfo><renewalIntervalInSecs>0</renewalIntervalInSecs><durationInSecs>-1</durationInSecs></leaseInfo>`,
  );
  expect(leaseInfo).toMatchObject({ renewalIntervalInSecs: 30, durationInSecs: 90 });
  const own = decode(`${CENTER}<leaseInfo><durationInSecs>7</durationInSecs></leaseInfo>`);
  expect(own.leaseInfo).toMatchObject({ renewalIntervalInSecs: 30, durationInSecs: 7 });
});

test('metadata keys are unescaped; values are text as it stands, with CDATA and references', () => {
  const { metadata } = decode(
    `${CENTER}<metadata class="java.util.Collections$EmptyMap"><my__key> v </my__key><_-x>&lt;1&gt;</_-x><c><![CDATA[<&>]]></c><old_key/><a:b>c</a:b></metadata>`,
  );
  expect(metadata).toEqual({ my_key: ' v ', $x: '<1>', c: '<&>', old_key: '', 'a:b': 'c' });
});

test('metadata of the prototype is metadata like other, and @class is none', () => {
  const { metadata } = decode(
    `${CENTER}<metadata><__proto__>1</__proto__><____proto____>2</____proto____><constructor>3</constructor><_.0040class>x</_.0040class></metadata>`,
  );
  expect(Object.getPrototypeOf(metadata)).toBeNull();
  expect(Object.entries(metadata)).toEqual([
    ['_proto_', '1'],
    ['__proto__', '2'],
    ['constructor', '3'],
  ]);
  expect(Object.keys(Object.prototype)).toEqual([]);
});

test('metadata is limited as a whole', () => {
  const xml = `${CENTER}<metadata><k1>${'v'.repeat(8)}</k1><k2>${'v'.repeat(8)}</k2></metadata>`;
  expect(decode(xml, 20).metadata).toHaveProperty('k2');
  expect(() => decode(xml, 19)).toThrow('at most 19 characters');
});

test('large and hostile documents are answered in a moment', () => {
  const started = process.cpuUsage();
  for (const xml of [
    `<a>${'x'.repeat(1_000_000)}</a>`,
    `<a>${'&amp;'.repeat(200_000)}</a>`,
    `<a ${Array.from({ length: 50_000 }, (_, at) => `a${at}="1"`).join(' ')}/>`,
    `<!-- ${'x '.repeat(400_000)} -->`,
    `<a>${']]'.repeat(400_000)}</a>`,
    `<${'n'.repeat(1_000_000)}/>`,
  ]) {
    expect(decode(CENTER + xml).app).toBe('BILLING');
  }
  const { user } = process.cpuUsage(started);
  expect(user).toBeLessThan(5_000_000);
});
