import { readFileSync } from 'node:fs';
import { decodeApplications, decodeInstance, type InstanceInfo } from '@heureka/client-sdk/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anInfo } from '../registry/records.fixture.ts';
import { decodeRegistrationXml } from './xml-decoder.ts';
import { encodeInstanceXml, instanceXml } from './xml-encoder.ts';
import { parseXml, type XmlElement } from './xml-tree.ts';

const samples = new URL('../../../test/conformance/recorded/eureka-java/samples/', import.meta.url);
const sample = (name: string) => readFileSync(new URL(name, samples), 'utf8');

/** Without indentation and order, which carry no meaning. */
function meaning({ name, attributes, text, children }: XmlElement): unknown {
  const inner = children.map(meaning).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return children.length === 0 ? { name, attributes, text } : { name, attributes, inner };
}

const instancesOf = (xml: string) => xml.match(/<instance>[\s\S]*?<\/instance>/g) ?? [];
const infosOf = (json: string) => decodeApplications(json).applications.flatMap(({ instances }) => instances);
const idOf = ({ instanceId, hostName }: InstanceInfo) => instanceId ?? hostName;
const byId = (infos: readonly InstanceInfo[]) => new Map(infos.map((info) => [idOf(info), info]));

const LISTS = ['apps', 'apps-delta', 'vips-billing', 'vips-orders', 'svips-orders', 'svips-none'];

test.each(LISTS)('what a genuine server answers as JSON is encoded to the XML that it answers: %s', (list) => {
  for (const form of ['full', 'compact'] as const) {
    const recorded = instancesOf(sample(`${form}/${list}.xml`)).map((xml) => meaning(parseXml(xml)));
    const encoded = infosOf(sample(`${form}/${list}.json`)).map((info) => meaning(parseXml(instanceXml(info, form))));
    expect(encoded).toHaveLength(recorded.length);
    expect(encoded).toEqual(expect.arrayContaining(recorded));
  }
});

test('what a genuine server answers as XML is decoded to what its JSON says', () => {
  const expected = byId(infosOf(sample('full/apps.json')));
  const decoded = instancesOf(sample('full/apps.xml')).map((xml) => decodeRegistrationXml(xml, 65_536));
  expect(decoded.length).toBeGreaterThan(0);
  for (const info of decoded) expect(info).toEqual(expected.get(idOf(info)));
});

test('a single instance is the same document as in a list', () => {
  const { instance } = JSON.parse(sample('full/apps-CLOUD-i-0a1.json')) as { instance: unknown };
  const info = decodeInstance(instance);
  expect(encodeInstanceXml(info)).toBe(instanceXml(info, 'full'));
  expect(meaning(parseXml(encodeInstanceXml(info)))).toEqual(meaning(parseXml(sample('full/apps-CLOUD-i-0a1.xml'))));
});

test('what is absent is left out, and empty metadata says its class', () => {
  const xml = encodeInstanceXml(anInfo({ instanceId: undefined }));
  expect(xml).toContain('<metadata class="java.util.Collections$EmptyMap"/>');
  expect(xml).not.toMatch(/instanceId|vipAddress|homePageUrl|sid|asgName|actionType|undefined/);
});

test('the empty key is left out; where it was the only one the metadata is empty', () => {
  expect(encodeInstanceXml(anInfo({ metadata: { '': 'v' } }))).toContain('EmptyMap');
  expect(encodeInstanceXml(anInfo({ metadata: { '': 'v', a: 'b' } }))).toContain('<metadata><a>b</a></metadata>');
});

test('a registrant without a dirty timestamp shows when it was last changed', () => {
  const info = { ...anInfo({ lastUpdatedTimestamp: 7 }), lastDirtyTimestamp: undefined };
  expect(encodeInstanceXml(info)).toContain('<lastDirtyTimestamp>7</lastDirtyTimestamp>');
});

// XML can say these texts; what it cannot say is lost on purpose, which xml-text.test.ts holds.
const text = fc.string({ unit: fc.constantFrom(...'aZ9_$-. :<&>"\'é中😀\t\n\r\u0085'), maxLength: 12 });
const key = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 12 })
  .filter((it) => it.isWellFormed() && it !== '@class');
const map = (keys: fc.Arbitrary<string>) =>
  fc.array(fc.tuple(keys, text), { maxLength: 5 }).map((entries) => {
    const made: Record<string, string> = Object.create(null);
    for (const [name, value] of entries) made[name] = value;
    return made;
  });
const status = fc.constantFrom('UP', 'DOWN', 'STARTING', 'OUT_OF_SERVICE', 'UNKNOWN' as const);
const time = fc.nat(2 ** 31 - 1);
const port = fc.record({ port: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), enabled: fc.boolean() });
const maybe = fc.option(text, { nil: undefined });
const infos: fc.Arbitrary<InstanceInfo> = fc.record({
  instanceId: maybe,
  app: text.map((it) => it.toUpperCase()),
  appGroupName: maybe,
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
  countryId: fc.nat(300),
  dataCenterInfo: fc.oneof(
    fc.constantFrom({ name: 'MyOwn' as const }, { name: 'Netflix' as const }),
    map(key).map((facts) => ({
      name: 'Amazon' as const,
      metadata: Object.assign(Object.create(null), facts, { 'instance-id': 'i-1' }) as Record<string, string>,
    })),
  ),
  status,
  overriddenStatus: status,
  leaseInfo: fc.record({
    renewalIntervalInSecs: fc.integer({ min: 1, max: 600 }),
    durationInSecs: fc.integer({ min: 1, max: 600 }),
    registrationTimestamp: time,
    lastRenewalTimestamp: time,
    evictionTimestamp: time,
    serviceUpTimestamp: time,
  }),
  isCoordinatingDiscoveryServer: fc.boolean(),
  metadata: map(key),
  lastUpdatedTimestamp: time,
  lastDirtyTimestamp: time,
  actionType: fc.constantFrom('ADDED', 'MODIFIED', 'DELETED', undefined),
  asgName: maybe,
});

test('whatever an instance holds, its XML is well-formed and decodes to the same instance', () => {
  fc.assert(
    fc.property(infos, (info) => {
      expect(decodeRegistrationXml(encodeInstanceXml(info), 65_536)).toEqual(info);
    }),
  );
});

test('the compact form is what remains of the full one', () => {
  fc.assert(
    fc.property(infos, (info) => {
      const full = byName(parseXml(instanceXml(info, 'full')));
      const compact = parseXml(instanceXml(info, 'compact')).children;
      for (const element of compact) {
        if (element.name !== 'dataCenterInfo') expect(element).toEqual(full.get(element.name));
      }
      expect(compact.map(({ name }) => name)).not.toEqual(expect.arrayContaining(['metadata']));
    }),
  );
});

const byName = ({ children }: XmlElement) => new Map(children.map((child) => [child.name, child]));
