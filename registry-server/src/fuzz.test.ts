/** Hostile input over real sockets against the real server: whatever comes, an answer below 500 or a closed connection, and the server lives on. */
import { Agent, request } from 'node:http';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exchange, rawHttp } from '../../test/helpers/raw-http.ts';
import { createRegistryServer, type RegistryServer } from './server.ts';

let server: RegistryServer;
const faults: object[] = [];
const log = { debug() {}, info() {}, warn() {}, error: (facts: object) => void faults.push(facts) };

beforeAll(async () => {
  server = await createRegistryServer({ port: 0, host: '127.0.0.1', data: 'none', log });
});
afterAll(() => server.close());

/** Status of one request sent as given, which nothing puts right on the way. */
async function status(head: readonly string[], body: string | Uint8Array = ''): Promise<number> {
  return (await rawHttp(server.port, head, body)).status;
}

const registration = {
  instance: {
    instanceId: 'i1',
    hostName: 'h1',
    app: 'FUZZ',
    ipAddr: '10.0.0.1',
    status: 'UP',
    port: { $: 9001, '@enabled': 'true' },
    dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
    leaseInfo: { renewalIntervalInSecs: 30, durationInSecs: 90 },
    metadata: { a: 'b' },
    vipAddress: 'fuzz',
    lastDirtyTimestamp: '1000',
  },
};
const post = (type: string): string[] => ['POST /eureka/apps/FUZZ HTTP/1.1', `Content-Type: ${type}`];

/** Everybody's answers stay what they should be: lists that a strict reader takes, in both formats. */
async function healthy(): Promise<void> {
  const json = await rawHttp(server.port, ['GET /eureka/apps HTTP/1.1', 'Accept: application/json']);
  expect(json.status).toBe(200);
  expect(JSON.parse(json.text)).toHaveProperty('applications.application');
  expect((await rawHttp(server.port, ['GET /eureka/apps HTTP/1.1'])).text).toMatch(
    /^<applications>[\s\S]*<\/applications>$/,
  );
  expect(faults).toEqual([]);
}

test('any bytes on a socket are answered with a client error or not at all', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), async (bytes) => {
      const answer = await exchange(server.port, Buffer.concat([bytes, Buffer.from('\r\n\r\n\r\n')]));
      if (answer.length > 0) expect(answer.toString('latin1')).toMatch(/^HTTP\/1\.1 4\d\d /);
    }),
    { numRuns: 100 },
  );
  await healthy();
});

test('any target and method are answered below 500', async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'eureka',
      'v2',
      'apps',
      'delta',
      'instances',
      'vips',
      'status',
      'metadata',
      'peerreplication',
      'batch',
      '..',
      '.',
      '%2F',
      '%',
      ';',
      '//',
      '%00',
      '%ff',
    ),
    fc.string({ unit: 'binary', maxLength: 12 }).map((text) => encodeURIComponent(text.toWellFormed())),
    fc.string({ maxLength: 8 }).map((text) => text.replaceAll(/[\s\0]/g, '')),
  );
  const method = fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'PROPFIND');
  await fc.assert(
    fc.asyncProperty(
      method,
      fc.array(piece, { maxLength: 7 }),
      fc.string({ maxLength: 20 }),
      async (verb, pieces, query) => {
        const search = query.replaceAll(/[\s\0#]/g, '');
        expect(await status([`${verb} /eureka/${pieces.join('/')}?${search} HTTP/1.1`])).toBeLessThan(500);
      },
    ),
    { numRuns: 300 },
  );
  await healthy();
});

/** A registration with one value somewhere replaced by anything. */
const mutated = fc
  .tuple(fc.constantFrom(...Object.keys(registration.instance)), fc.jsonValue({ maxDepth: 4 }))
  .map(([field, value]) => ({ instance: { ...registration.instance, [field]: value } }));

test('any JSON is a registration or a client error, and spoils nobody’s answer', async () => {
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutated, fc.jsonValue(), fc.json()), async (value) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      const code = await status(post('application/json'), text);
      seen.add(code);
      expect([204, 400]).toContain(code);
    }),
    { numRuns: 400 },
  );
  expect(seen).toEqual(new Set([204, 400]));
  await healthy();
});

test('any text sent as XML is a registration or a client error', async () => {
  const tag = fc.constantFrom(
    'instance',
    'app',
    'metadata',
    'port',
    'leaseInfo',
    'a:b',
    '!DOCTYPE x',
    '?xml',
    'hostName',
    '![CDATA[',
  );
  const markup = fc.array(
    fc.oneof(
      tag.map((name) => `<${name}>`),
      tag.map((name) => `</${name}>`),
      fc.string({ maxLength: 10 }),
    ),
    { maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(markup, async (parts) => {
      expect([204, 400]).toContain(await status(post('application/xml'), `<instance>${parts.join('')}</instance>`));
    }),
    { numRuns: 200 },
  );
  await healthy();
});

test('any batch is answered item by item or refused as a whole', async () => {
  const item = fc.record(
    {
      appName: fc.oneof(fc.string(), fc.jsonValue()),
      id: fc.oneof(fc.string(), fc.jsonValue()),
      action: fc.constantFrom(
        'Heartbeat',
        'Register',
        'Cancel',
        'StatusUpdate',
        'DeleteStatusOverride',
        'Nothing',
        null,
      ),
      status: fc.constantFrom('UP', 'down', '', null, 7),
      overriddenStatus: fc.constantFrom('UP', 'x', null),
      lastDirtyTimestamp: fc.oneof(fc.nat(), fc.double(), fc.string(), fc.constant(null)),
      instanceInfo: fc.oneof(fc.constant(registration.instance), fc.jsonValue()),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(item, { maxLength: 6 }), async (replicationList) => {
      const head = [
        'POST /eureka/peerreplication/batch/ HTTP/1.1',
        'Content-Type: application/json',
        'Accept: application/json',
      ];
      const answer = await rawHttp(server.port, head, JSON.stringify({ replicationList }));
      expect([200, 400]).toContain(answer.status);
      if (answer.status === 200) {
        const { responseList } = JSON.parse(answer.text) as { responseList: unknown[] };
        expect(responseList).toHaveLength(replicationList.length);
      }
    }),
    { numRuns: 200 },
  );
  await healthy();
});

test.each([
  ['an array where the instance is due', '{"instance":[]}'],
  ['arrays where objects are due', '{"instance":{"app":"FUZZ","metadata":[],"leaseInfo":[],"dataCenterInfo":[]}}'],
  ['deep nesting', `{"instance":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ['deep nesting inside metadata', `{"instance":{"metadata":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}}`],
  ['JSON null', 'null'],
  ['nothing', ''],
  ['a prototype', '{"__proto__":{"instance":{}},"constructor":1}'],
])('%s is 400 within a second', async (_, body) => {
  const begun = performance.now();
  expect(await status(post('application/json'), body)).toBe(400);
  expect(performance.now() - begun).toBeLessThan(1_000);
  await healthy();
});

test('deep and wide XML, entities and a DOCTYPE are 400', async () => {
  const deep = `<instance>${'<a>'.repeat(50_000)}${'</a>'.repeat(50_000)}</instance>`;
  const laughs = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><instance><app>&b;</app></instance>';
  for (const body of [deep, laughs, '<instance>&nbsp;</instance>', '<instance', '<applications/>']) {
    expect(await status(post('application/xml'), body)).toBe(400);
  }
  await healthy();
});

test('prototype pollution by metadata and query leaves objects alone, and the keys are kept as text', async () => {
  // An instance of its own: what came before may have left i1 with a newer timestamp.
  const body = JSON.stringify(registration)
    .replace('"a":"b"', '"__proto__":"x","constructor":"y"')
    .replace('"i1"', '"polluter"');
  expect(await status(post('application/json'), body)).toBe(204);
  expect(await status(['PUT /eureka/apps/FUZZ/polluter/metadata?__proto__=q HTTP/1.1'])).toBe(200);
  expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  const head = ['GET /eureka/apps/FUZZ/polluter HTTP/1.1', 'Accept: application/json'];
  expect((await rawHttp(server.port, head)).text).toContain('"__proto__":"q","constructor":"y"');
  await healthy();
});

test('bodies beyond the limit are 413, compressed ones by what they unpack to', async () => {
  expect(await status(post('application/json'), 'x'.repeat(1_048_577))).toBe(413);
  const bomb = gzipSync(Buffer.alloc(100_000_000));
  expect(await status([...post('application/json'), 'Content-Encoding: gzip'], bomb)).toBe(413);
  await healthy();
});

test('headers without end and a head that is too large are refused by the server', async () => {
  const large = await exchange(
    server.port,
    Buffer.from(`GET /eureka/apps HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`),
  );
  expect(large.toString()).toMatch(/^HTTP\/1\.1 431 /);
});

test('clients that go away while they send leave nothing behind', async () => {
  const agent = new Agent();
  for (let index = 0; index < 20; index++) {
    const half = request({
      port: server.port,
      method: 'POST',
      path: '/eureka/apps/A',
      agent,
      headers: { 'content-type': 'application/json', 'content-length': '1000' },
    });
    half.on('error', () => {});
    half.write('{"instance"');
    await new Promise((resolve) => half.on('socket', (socket) => socket.once('connect', resolve)));
    half.destroy();
  }
  await healthy();
});
