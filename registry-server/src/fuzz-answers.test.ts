/** Whatever clients send in whatever order, what everybody else is answered stays right: strict readers take it, and the changes add up to the list. */
import { gunzipSync } from 'node:zlib';
import { applyDelta, appsHashCode, byApp, decodeApplications } from '@heureka/client-sdk/protocol';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type RawAnswer, rawHttp } from '../../test/helpers/raw-http.ts';
import { createRegistryServer, type RegistryServer } from './server.ts';
import { readStrictJson, readStrictXml } from './strict-readers.fixture.ts';

let server: RegistryServer;
const faults: object[] = [];
const log = { debug() {}, info() {}, warn() {}, error: (facts: object) => void faults.push(facts) };

beforeAll(async () => {
  server = await createRegistryServer({ port: 0, host: '127.0.0.1', data: 'none', log });
});
afterAll(() => server.close());
afterEach(() => expect(faults).toEqual([]));

const ask = (line: string, headers: readonly string[] = [], body: string | Uint8Array = ''): Promise<RawAnswer> =>
  rawHttp(server.port, [`${line} HTTP/1.1`, ...headers], body);

/** Reads one path in every form that it has, as strictly as any client does. */
async function readAll(path: string): Promise<void> {
  for (const form of ['full', 'compact'] as const) {
    const headers = [`X-Eureka-Accept: ${form}`];
    const json = await ask(`GET /eureka/${path}`, ['Accept: application/json', ...headers]);
    const xml = await ask(`GET /eureka/${path}`, headers);
    expect([json.status, xml.status]).toEqual([200, 200]);
    // A single instance is always whole.
    const document = readStrictJson(json.text, path.startsWith('apps/FUZZ/') ? 'full' : form);
    readStrictXml(xml.text);
    expect(unreadable(document)).toBe(0);
  }
}

/** How many instances of a list or an application our own decoder, which the SDK reads with, leaves out. */
function unreadable(document: unknown): number {
  const { applications, application, instance } = document as Readonly<Record<string, object | undefined>>;
  const all = applications ?? { application: application ?? { name: 'FUZZ', instance } };
  return decodeApplications(JSON.stringify({ applications: all })).skipped;
}

async function readLists(): Promise<void> {
  for (const path of ['apps', 'apps/delta', 'vips/v', 'svips/v']) await readAll(path);
  const packed = await ask('GET /eureka/apps', ['Accept-Encoding: gzip']);
  readStrictXml(gunzipSync(packed.body).toString());
}

/** Texts of all kinds: plain, controls, markup, escapes of XStream, any UTF-16 units, words that objects know. */
const anyText = fc.oneof(
  fc.string({ maxLength: 10 }),
  fc.string({ unit: 'binary', maxLength: 10 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 6 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'a:b',
    'xmlns:a',
    'xml',
    '_',
    '$x',
    '9z',
    '-a',
    '.a',
    ']]>',
    '<!--',
    '&',
    '@class',
    '\0',
    '\ud800',
  ),
);
const anyStatus = fc.constantFrom('UP', 'up', 'DOWN', 'STARTING', 'OUT_OF_SERVICE', 'UNKNOWN', 'x', '', null);
const anyNumber = fc.oneof(fc.integer(), fc.double(), fc.constantFrom('80', ' 80 ', 'x', '', '1e3', null, true));
const anyPort = fc.oneof(
  fc.record(
    { $: anyNumber, '@enabled': fc.constantFrom('true', 'false', true, false, 'x', null) },
    { requiredKeys: [] },
  ),
  fc.constant(null),
);
const anyMetadata = fc.dictionary(anyText, fc.oneof(anyText, fc.integer(), fc.boolean(), fc.constant(null)), {
  maxKeys: 6,
});
const anyDataCenter = fc.record(
  {
    '@class': fc.constantFrom(
      'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo',
      'com.netflix.appinfo.AmazonInfo',
      'com.netflix.appinfo.MyDataCenterInfo',
    ),
    name: fc.constantFrom('MyOwn', 'Amazon', 'Netflix'),
    metadata: anyMetadata,
  },
  { requiredKeys: ['name'] },
);
const anyInstance = fc.record(
  {
    instanceId: anyText,
    app: fc.constant('FUZZ'),
    hostName: anyText,
    ipAddr: anyText,
    sid: anyText,
    appGroupName: anyText,
    vipAddress: fc.oneof(fc.constantFrom('v', 'a,v'), anyText),
    secureVipAddress: fc.oneof(fc.constantFrom('v', 'a,v'), anyText),
    homePageUrl: anyText,
    asgName: anyText,
    countryId: anyNumber,
    status: anyStatus,
    overriddenStatus: anyStatus,
    overriddenstatus: anyStatus,
    port: anyPort,
    securePort: anyPort,
    dataCenterInfo: anyDataCenter,
    leaseInfo: fc.record(
      { durationInSecs: anyNumber, renewalIntervalInSecs: anyNumber, serviceUpTimestamp: anyNumber },
      { requiredKeys: [] },
    ),
    metadata: anyMetadata,
    isCoordinatingDiscoveryServer: fc.constantFrom('true', true, null, 'x'),
    lastUpdatedTimestamp: anyNumber,
    lastDirtyTimestamp: anyNumber,
    actionType: fc.constantFrom('ADDED', 'DELETED', 'x', null),
    unknown: fc.jsonValue({ maxDepth: 2 }),
  },
  { requiredKeys: ['app', 'hostName', 'ipAddr', 'dataCenterInfo'] },
);

const JSON_BODY = 'Content-Type: application/json';
const XML_BODY = 'Content-Type: application/xml';

test('what any client registers in JSON is read by the strictest in every form', async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(anyInstance, async (instance) => {
      const answer = await ask('POST /eureka/apps/FUZZ', [JSON_BODY], JSON.stringify({ instance }));
      expect([204, 400]).toContain(answer.status);
      if (answer.status === 400) return;
      accepted++;
      await readAll('apps/FUZZ');
    }),
    { numRuns: 150 },
  );
  expect(accepted).toBeGreaterThan(20);
  await readLists();
}, 60_000);

/** A text as an element may carry it: escaped or as it is, which may spoil the document. */
const anyXmlText = fc.oneof(
  anyText,
  anyText.map((text) => text.replaceAll(/[<&>]/g, (char) => `&#${char.charCodeAt(0)};`)),
);
const anyElement = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(
        'instanceId',
        'vipAddress',
        'status',
        'overriddenstatus',
        'countryId',
        'port',
        'lastDirtyTimestamp',
        'sid',
        'x',
      ),
      anyXmlText,
    )
    .map(([name, text]) => `<${name}>${text}</${name}>`),
  fc
    .array(fc.tuple(fc.constantFrom('a', 'a_.0020b', '__proto__', '_-x', 'a:b', '_.d83d', 'metadata'), anyXmlText), {
      maxLength: 4,
    })
    .map((entries) => `<metadata>${entries.map(([name, text]) => `<${name}>${text}</${name}>`).join('')}</metadata>`),
  fc.constantFrom(
    '<port enabled="false">80</port>',
    '<leaseInfo><durationInSecs>0</durationInSecs></leaseInfo>',
    '<dataCenterInfo><name>amazon</name></dataCenterInfo>',
    '<a><b><c/></b></a>',
    '<!-- x -->',
    '<?pi x?>',
    '<![CDATA[<x>]]>',
  ),
);

test('what any client registers in XML is read by the strictest in every form', async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyElement, { maxLength: 6 }), async (elements) => {
      const body =
        '<instance><app>FUZZ</app><hostName>h</hostName><ipAddr>1</ipAddr><dataCenterInfo><name>MyOwn</name></dataCenterInfo>' +
        `${elements.join('')}</instance>`;
      const answer = await ask('POST /eureka/apps/FUZZ', [XML_BODY], body);
      expect([204, 400]).toContain(answer.status);
      if (answer.status === 400) return;
      accepted++;
      await readAll('apps/FUZZ');
    }),
    { numRuns: 150 },
  );
  expect(accepted).toBeGreaterThan(20);
  await readLists();
}, 60_000);

/** Any header value that HTTP allows. */
const anyValue = fc.oneof(
  fc.string({ maxLength: 30 }).map((text) => text.replaceAll(/[^\x20-\x7e]/g, '')),
  fc.array(fc.integer({ min: 0x80, max: 0xff }), { maxLength: 8 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom('application/json', '*/*', ';', ',', 'a/b;q=', 'json;charset=utf-8', '"', 'W/"', 'gzip;q=0', 'true'),
);
const anyHeader = fc
  .tuple(
    fc.constantFrom(
      'Accept',
      'Accept-Encoding',
      'Content-Type',
      'X-Eureka-Accept',
      'x-netflix-discovery-replication',
      'If-None-Match',
      'X-Forwarded-For',
      'X-Request-Id',
      'Authorization',
      'Content-Encoding',
      'Expect',
      'DiscoveryIdentity-Name',
      '__proto__',
    ),
    anyValue,
  )
  .map(([name, value]) => `${name}: ${value}`);

test('any headers, doubled ones too, are answered below 500, and errors have no body but those of the protocol', async () => {
  const line = fc.constantFrom(
    'GET /eureka/apps',
    'HEAD /eureka/apps',
    'GET /eureka/apps/delta?since=x',
    'GET /eureka/instances/nobody',
    'PUT /eureka/apps/FUZZ/nobody?lastDirtyTimestamp=1',
    'PUT /eureka/apps/FUZZ/nobody/status?value=UP',
    'DELETE /eureka/apps/FUZZ/nobody',
    'POST /eureka/apps/FUZZ',
    'POST /eureka/peerreplication/batch',
    'OPTIONS /eureka/apps',
    'GET /eureka/status',
  );
  await fc.assert(
    fc.asyncProperty(line, fc.array(anyHeader, { maxLength: 5 }), async (request, headers) => {
      const answer = await ask(request, headers, request.startsWith('POST') ? '{' : '');
      expect(answer.status).toBeLessThan(500);
      if (answer.status >= 400 && !request.startsWith('POST')) expect(answer.text).toBe('');
    }),
    { numRuns: 400 },
  );
  await readLists();
}, 60_000);

test('any query is answered below 500, and what metadata it leaves is read by all', async () => {
  await ask('POST /eureka/apps/FUZZ', [JSON_BODY], plain('q1', 'UP'));
  const name = fc.oneof(
    fc.constantFrom('value', 'status', 'lastDirtyTimestamp', 'overriddenstatus', 'since', 'apps', 'regions'),
    anyText.map((text) => encodeURIComponent(text.toWellFormed())),
  );
  const value = fc.oneof(
    fc.constantFrom('UP', 'DOWN', 'up', '', '-1', '%', '%zz', '%ff', '+', '1e9', '9'.repeat(30), '&', '='),
    anyText.map((text) => encodeURIComponent(text.toWellFormed())),
  );
  const query = fc
    .array(fc.tuple(name, value), { maxLength: 5 })
    .map((pairs) => pairs.map((pair) => pair.join('=')).join('&'));
  const line = fc.constantFrom(
    'PUT /eureka/apps/FUZZ/q1',
    'PUT /eureka/apps/FUZZ/q1/status',
    'DELETE /eureka/apps/FUZZ/q1/status',
    'PUT /eureka/apps/FUZZ/q1/metadata',
    'GET /eureka/apps/delta',
    'GET /eureka/apps',
  );
  const peer = fc.constantFrom([], ['x-netflix-discovery-replication: true']);
  await fc.assert(
    fc.asyncProperty(line, query, peer, async (request, search, headers) => {
      expect((await ask(`${request}?${search}`, headers)).status).toBeLessThan(500);
      await readAll('apps/FUZZ/q1');
    }),
    { numRuns: 150 },
  );
  await readLists();
}, 60_000);

function plain(id: string, status: string, dirty = 0): string {
  const dataCenterInfo = { name: 'MyOwn' };
  const instance = { instanceId: id, app: 'FUZZ', hostName: 'h', ipAddr: '1', status, dataCenterInfo, vipAddress: 'v' };
  return JSON.stringify({ instance: { ...instance, ...(dirty > 0 && { lastDirtyTimestamp: dirty }) } });
}

/** One request of a client or a peer about one of few instances, so that they meet. */
const step = fc
  .tuple(
    fc.constantFrom('a', 'b', 'c', 'd/e'),
    fc.constantFrom('UP', 'DOWN', 'STARTING', 'OUT_OF_SERVICE', 'UNKNOWN'),
    fc.integer({ min: 1, max: 4 }),
    fc.constantFrom('register', 'renew', 'cancel', 'set', 'clear', 'metadata', 'batch'),
    fc.boolean(),
    fc.constantFrom('Heartbeat', 'Register', 'Cancel', 'StatusUpdate', 'DeleteStatusOverride'),
  )
  .map(([id, status, dirty, verb, peer, action]) => async (): Promise<number> => {
    const headers = peer ? ['x-netflix-discovery-replication: true'] : [];
    const path = `/eureka/apps/FUZZ/${encodeURIComponent(id)}`;
    switch (verb) {
      case 'register':
        return (await ask('POST /eureka/apps/FUZZ', [JSON_BODY, ...headers], plain(id, status, dirty))).status;
      case 'renew':
        return (await ask(`PUT ${path}?lastDirtyTimestamp=${dirty}&overriddenstatus=${status}`, headers)).status;
      case 'cancel':
        return (await ask(`DELETE ${path}`, headers)).status;
      case 'set':
        return (await ask(`PUT ${path}/status?value=${status}&lastDirtyTimestamp=${dirty}`, headers)).status;
      case 'clear':
        return (await ask(`DELETE ${path}/status?value=${status}`, headers)).status;
      case 'metadata':
        return (await ask(`PUT ${path}/metadata?k=${dirty}`, headers)).status;
      case 'batch': {
        const { instance } = JSON.parse(plain(id, status, dirty)) as { instance: object };
        const item = { appName: 'FUZZ', id, action, status, overriddenStatus: status, lastDirtyTimestamp: dirty };
        const body = { replicationList: [{ ...item, instanceInfo: instance }] };
        return (await ask('POST /eureka/peerreplication/batch', [JSON_BODY], JSON.stringify(body))).status;
      }
    }
  });

test('any sequence of requests leaves a list that the changes since before it add up to, and hashes that agree', async () => {
  const json = ['Accept: application/json'];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const before = await ask('GET /eureka/apps', json);
      for (const one of steps) expect(await one()).toBeLessThan(500);
      const since = await ask(`GET /eureka/apps/delta?since=${before.headers['x-heureka-cursor']}`, json);
      const after = await ask('GET /eureka/apps', json);
      const delta = await ask('GET /eureka/apps/delta', json);
      readStrictJson(since.text, 'full');

      const changes = decodeApplications(since.text);
      const list = decodeApplications(after.text);
      expect([changes.skipped, list.skipped]).toEqual([0, 0]);
      const merged = applyDelta(byApp(decodeApplications(before.text)), changes);
      expect(merged).toEqual(byApp(list));
      const held = list.applications.flatMap(({ instances }) => instances);
      const hash = appsHashCode(held);
      expect([list.appsHashCode, changes.appsHashCode, decodeApplications(delta.text).appsHashCode]).toEqual([
        hash,
        hash,
        hash,
      ]);
    }),
    { numRuns: 60 },
  );
  await readLists();
}, 60_000);
