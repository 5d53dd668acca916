/** The protocol's paths over real sockets, with hand-made registry and views: what is routed where, negotiated, refused and written. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import {
  DecodeError,
  decodeRegistration,
  encodeInstanceJson,
  type InstanceInfo,
  type Registration,
} from '@heureka/client-sdk/protocol';
import { Emitter, systemClock, systemRandom } from '@heureka/client-sdk/runtime';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { type RawAnswer, rawHttp } from '../../../test/helpers/raw-http.ts';
import type { NodeState } from '../registry/node-state.ts';
import type { Answer, Registry } from '../registry/registry.ts';
import type { AppliedChange, Cursor, ReplicaReader } from '../replica/replica-reader.ts';
import { StoreAway } from '../store/registry-store.ts';
import type { EncodedAnswer, Representation, Views } from '../views/views.ts';
import { Callers } from './callers.ts';
import type { InstanceCodec, ProtocolParts } from './parts.ts';
import { ProtocolListener } from './protocol-listener.ts';
import { Router } from './router.ts';
import { BASE_PATHS, protocolRoutes } from './routes.ts';

const HELD: InstanceInfo = decodeRegistration(
  JSON.stringify({
    instance: {
      instanceId: 'i1',
      app: 'BILLING',
      hostName: 'h1',
      ipAddr: '10.0.0.1',
      dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
      lastDirtyTimestamp: '1000',
    },
  }),
);

/** What the registry was asked, and what it says next. */
let calls: unknown[][];
let next: Answer | Error;
let held: InstanceInfo | undefined;
let loaded: boolean;
let state: NodeState;
let failures: unknown[];
let answered: string[];
/** Applications that registrations were judged by. */
let validated: string[];

const verb =
  (name: string) =>
  async (context: { replication: boolean }, ...args: unknown[]): Promise<Answer> => {
    calls.push([name, ...args, ...(context.replication ? ['replication'] : [])]);
    if (next instanceof Error) throw next;
    return next;
  };
const registry: Registry = {
  register: verb('register'),
  renew: verb('renew'),
  cancel: verb('cancel'),
  overrideStatus: verb('overrideStatus'),
  clearOverride: verb('clearOverride'),
  addMetadata: verb('addMetadata'),
  instance: (app, id) => {
    calls.push(['instance', app, id]);
    return held;
  },
  instanceById: (id) => (id === 'i1' ? held : undefined),
};
const encoded = (name: string, as?: Representation): EncodedAnswer => {
  const bytes = Buffer.from(as === undefined ? name : `${name} ${as.format} ${as.form} ${as.encoding}`);
  return { etag: `W/"e.7-${name}"`, length: bytes.length, chunks: [bytes] };
};
const views: Views = {
  all: (as) => encoded('all', as),
  delta: async (as) => encoded('delta', as),
  app: (name, as) => (name === 'BILLING' ? encoded(name, as) : undefined),
  vip: (name, secure, as) => encoded(`${secure ? 'svip' : 'vip'} ${name}`, as),
  since: (cursor, filter) => (cursor === 'e.5' ? encoded(`since ${JSON.stringify(filter)}`) : undefined),
};
const replica = {
  get loaded() {
    return loaded;
  },
  cursor: { epoch: 'e', version: 7 },
  all: () => [],
  onChange: new Emitter<AppliedChange>().subscribe,
  onReset: new Emitter<Cursor>().subscribe,
} as unknown as ReplicaReader;
const codec = (format: 'json' | 'xml'): InstanceCodec => ({
  decode: (text) => {
    if (text === 'bad' || text === '') throw new DecodeError('instance', 'is bad\r\nX-Evil: 1');
    return { ...HELD, hostName: text } as Registration;
  },
  encode: () => (format === 'json' ? '{"instance":{"instanceId":"i1"}}' : '<instance>i1</instance>'),
});
const parts: ProtocolParts & { clock: typeof systemClock } = {
  registry,
  views,
  replica,
  ledger: {
    get state() {
      return state;
    },
    now: 20_000,
    size: 1,
    renewsLastMinute: 2,
  },
  streams: {
    open: (response, headers, filter, at) => response.writeHead(200, headers).end(JSON.stringify({ filter, at })),
  },
  json: codec('json'),
  xml: codec('xml'),
  validate: (info, app) => {
    validated.push(app);
    return info.hostName === 'invalid' ? `Mismatched appName, expecting ${app}` : undefined;
  },
  limits: { bodyLimit: 2_000, metadataLimit: 100 },
  disableDelta: false,
  clock: systemClock,
};

const listener = new ProtocolListener({
  router: new Router(BASE_PATHS, protocolRoutes(parts)),
  callers: new Callers(0, systemRandom),
  ledger: parts.ledger,
  answered: (method, route, status) => answered.push(`${method} ${route} ${status}`),
  failed: (error) => failures.push(error),
});
const server = createServer((request, response) => {
  if (!listener.handle(request, response)) response.writeHead(418).end();
});
let port: number;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => server.close());
beforeEach(() => {
  calls = [];
  next = { is: 'done' };
  held = HELD;
  loaded = true;
  state = { is: 'following', since: 0 };
  failures = [];
  answered = [];
  validated = [];
});

const ask = (line: string, ...headers: string[]): Promise<RawAnswer> => rawHttp(port, [`${line} HTTP/1.1`, ...headers]);
const JSON_BODY = 'Content-Type: application/json';

function expectEmpty(answer: RawAnswer, status: number): void {
  expect(answer.status).toBe(status);
  expect(answer.text).toBe('');
  expect(answer.headers['content-type']).toBeUndefined();
}

test.each(['/eureka/apps', '/eureka/v2/apps', '/eureka/apps/', '/eureka//apps//', '//eureka/apps', '/eureka/apps;x=1'])(
  'GET %s is the whole list, XML unless JSON is asked for',
  async (path) => {
    const answer = await ask(`GET ${path}`);
    expect([answer.status, answer.text]).toEqual([200, 'all xml full identity']);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/xml',
      'content-length': '21',
      'x-heureka': '1; since, stream',
      'x-heureka-cursor': 'e.7',
      etag: 'W/"e.7-all"',
      vary: 'Accept, Accept-Encoding, X-Eureka-Accept',
    });
  },
);

test('lists follow Accept, X-Eureka-Accept and Accept-Encoding; only the two big ones are compressed', async () => {
  const headers = ['Accept: application/json', 'X-Eureka-Accept: compact', 'Accept-Encoding: gzip'];
  const all = await ask('GET /eureka/apps', ...headers);
  expect(all.text).toBe('all json compact gzip');
  expect(all.headers['content-encoding']).toBe('gzip');
  expect((await ask('GET /eureka/apps/delta', ...headers)).text).toBe('delta json compact gzip');
  expect((await ask('GET /eureka/apps/billing', ...headers)).text).toBe('BILLING json compact identity');
  expect((await ask('GET /eureka/vips/a%2Fb', ...headers)).text).toBe('vip a/b json compact identity');
  expect((await ask('GET /eureka/svips/x', ...headers)).text).toBe('svip x json compact identity');
});

test('what a client has already is answered 304 without a body', async () => {
  const answer = await ask('GET /eureka/apps', 'If-None-Match: W/"e.7-all"');
  expectEmpty(answer, 304);
  expect(answer.headers['etag']).toBe('W/"e.7-all"');
});

test('HEAD has the headers of GET and no body', async () => {
  const answer = await ask('HEAD /eureka/apps');
  expect([answer.status, answer.text, answer.headers['content-length']]).toEqual([200, '', '21']);
});

test('changes since a cursor are JSON whatever Accept says; an unknown cursor is told to fetch everything', async () => {
  const answer = await ask('GET /eureka/apps/delta?since=e.5&apps=a,B&vips=v');
  expect([answer.status, answer.text]).toEqual([200, 'since {"apps":["A","B"],"vips":["v"]}']);
  expect(answer.headers['content-type']).toBe('application/json');
  expectEmpty(await ask('GET /eureka/apps/delta?since=x.1'), 410);
});

test.each([
  '/eureka/apps/NOPE',
  '/eureka/instances/zz',
  '/eureka/nothing',
  '/eureka/vips',
  '/eureka/%61pps',
  '/eureka/v3/apps',
  '/eureka/APPS',
])('GET %s is 404 with an empty body and a reason', async (path) => {
  const answer = await ask(`GET ${path}`, 'Accept: application/json');
  expectEmpty(answer, 404);
  expect(answer.headers['content-length']).toBe('0');
  expect(answer.headers['x-heureka-reason']).not.toBe('');
});

test('what is not below /eureka is left to others', async () => {
  expect((await ask('GET /v2/apps')).status).toBe(418);
});

test.each([
  ['A', 'i%3A1', 'i:1'],
  ['A', 'i:1', 'i:1'],
  ['A', 'a%2Fb', 'a/b'],
  ['A', '..', '..'],
  ['A', '%2e', '.'],
  ['A', 'a%20%25%3F%23%3B%22%7C%3C%7B%09%0A', 'a %?#;"|<{\t\n'],
  ['A', 'gr%C3%B6%C3%9Fe', 'größe'],
  ['A', 'x'.repeat(3_000), 'x'.repeat(3_000)],
  ['stra%C3%9Fe', 'a+b', 'a+b'],
  ['delta', 'i1', 'i1'],
])('the instance /apps/%s/%s can be addressed', async (app, escaped, id) => {
  expectEmpty(await ask(`PUT /eureka/v2/apps/${app}/${escaped}`), 200);
  expect(calls).toEqual([['renew', decodeURIComponent(app).toUpperCase(), id, {}]]);
});

test.each(['/eureka/apps/A/%', '/eureka/apps/A/%zz', '/eureka/apps/A/%ff', '/eureka/apps/A/a#b'])(
  'PUT %s is 400, and nothing is asked',
  async (path) => {
    expectEmpty(await ask(`PUT ${path}`), 400);
    expect(calls).toEqual([]);
  },
);

test('a heartbeat passes on the timestamp, and the override only from a peer', async () => {
  const path = '/eureka/apps/billing/i1?status=UP&lastDirtyTimestamp=%2B1000&overriddenstatus=DOWN';
  const answer = await ask(`PUT ${path}`);
  expectEmpty(answer, 200);
  expect(answer.headers['content-length']).toBe('0');
  expectEmpty(await ask(`PUT ${path}`, 'x-netflix-discovery-replication:  true '), 200);
  expectEmpty(await ask(`PUT ${path}`, 'x-netflix-discovery-replication: TRUE'), 200);
  expect(calls).toEqual([
    ['renew', 'BILLING', 'i1', { lastDirtyTimestamp: 1000 }],
    ['renew', 'BILLING', 'i1', { lastDirtyTimestamp: 1000, overriddenStatus: 'DOWN' }, 'replication'],
    ['renew', 'BILLING', 'i1', { lastDirtyTimestamp: 1000 }],
  ]);
});

test('bodies of PUT and DELETE are ignored whatever they are, also under a content type that is none', async () => {
  for (const body of ['{}', 'garbage', '']) {
    const answer = await rawHttp(port, ['PUT /eureka/apps/A/i1 HTTP/1.1', 'Content-Type: application/json'], body);
    expectEmpty(answer, 200);
  }
  expectEmpty(await rawHttp(port, ['DELETE /eureka/apps/A/i1 HTTP/1.1', 'Content-Type: text/x'], 'x'), 200);
});

test.each(['abc', '', '1000.0', '%201000', '9223372036854775808', '+1000'])(
  'a heartbeat with the timestamp %j is 400, or 404 for an unknown instance, and changes nothing',
  async (value) => {
    expectEmpty(await ask(`PUT /eureka/apps/A/i1?lastDirtyTimestamp=${value}`), 400);
    held = undefined;
    expectEmpty(await ask(`PUT /eureka/apps/A/i1?lastDirtyTimestamp=${value}`), 404);
    expect(calls.every(([name]) => name === 'instance')).toBe(true);
  },
);

test('each answer of the registry has its status', async () => {
  next = { is: 'unknown', reason: 'no such instance' };
  expectEmpty(await ask('PUT /eureka/apps/A/i1'), 404);
  next = { is: 'unavailable', reason: 'Redis is away' };
  const away = await ask('DELETE /eureka/apps/A/i1');
  expectEmpty(away, 503);
  expect(away.headers).toMatchObject({ 'x-heureka-reason': 'Redis is away', 'retry-after': '1' });
  next = { is: 'full', reason: 'full' };
  expectEmpty(await ask('PUT /eureka/apps/A/i1/status?value=UP'), 503);
  next = new StoreAway('unknown', 'Redis did not answer');
  expectEmpty(await ask('PUT /eureka/apps/A/i1/status?value=UP'), 503);
  next = { is: 'conflict', held: HELD };
  const xml = await ask('PUT /eureka/apps/A/i1?lastDirtyTimestamp=5', 'x-netflix-discovery-replication: true');
  expect([xml.status, xml.headers['content-type'], xml.text]).toEqual([
    409,
    'application/xml',
    '<instance>i1</instance>',
  ]);
  const json = await ask('PUT /eureka/apps/A/i1?lastDirtyTimestamp=5', 'Accept: application/json');
  expect([json.status, json.text]).toEqual([409, '{"instance":{"instanceId":"i1"}}']);
});

test('a fault of ours is an empty 500 and is reported', async () => {
  next = new TypeError('a bug');
  expectEmpty(await ask('PUT /eureka/apps/A/i1'), 500);
  expect(failures).toEqual([next]);
});

test('status is set and cleared; what is no status is 400 before anything changes', async () => {
  expectEmpty(await ask('PUT /eureka/apps/a/i1/status?value=DOWN&lastDirtyTimestamp=7'), 200);
  expectEmpty(await ask('DELETE /eureka/apps/a/i1/status?lastDirtyTimestamp='), 200);
  expectEmpty(await ask('DELETE /eureka/apps/a/i1/status?value=UP'), 200);
  expect(calls).toEqual([
    ['overrideStatus', 'A', 'i1', 'DOWN', 7],
    ['clearOverride', 'A', 'i1', 'UNKNOWN', undefined],
    ['clearOverride', 'A', 'i1', 'UP', undefined],
  ]);
  calls = [];
  for (const query of ['', '?value=', '?value=down', '?value=bogus', '?value=UP&lastDirtyTimestamp=x']) {
    expectEmpty(await ask(`PUT /eureka/apps/A/i1/status${query}`), 400);
  }
  expectEmpty(await ask('DELETE /eureka/apps/A/i1/status?value='), 400);
  held = undefined;
  expectEmpty(await ask('PUT /eureka/apps/A/i1/status?value=bogus'), 404);
  expect(calls.every(([name]) => name === 'instance')).toBe(true);
});

test('metadata comes from the query alone, without @class, and within its limit', async () => {
  expectEmpty(await ask('PUT /eureka/apps/A/i1/metadata?zone=z9&k&=v&@class=x&zone=other'), 200);
  expect(calls.at(-1)).toEqual(['addMetadata', 'A', 'i1', { zone: 'z9', k: '' }]);
  calls = [];
  expectEmpty(await ask(`PUT /eureka/apps/A/i1/metadata?k=${'x'.repeat(100)}`), 400);
  expect(calls).toEqual([['instance', 'A', 'i1']]);
});

test('a registration is decoded by its content type, validated, and answered 204 without anything', async () => {
  const json = await rawHttp(port, ['POST /eureka/apps/billing HTTP/1.1', `${JSON_BODY}; charset=utf-8`], 'h1');
  expectEmpty(json, 204);
  expect(json.headers['content-length']).toBeUndefined();
  expect(calls).toEqual([['register', { ...HELD, hostName: 'h1' }]]);
  const invalid = await rawHttp(port, ['POST /eureka/apps/billing HTTP/1.1', JSON_BODY], 'invalid');
  expect([invalid.status, invalid.text]).toEqual([400, 'Mismatched appName, expecting BILLING']);
  expect(invalid.headers['content-type']).toBe('application/xml');
});

test('a body that cannot be parsed has the protocol’s words, labelled as the request was', async () => {
  const json = await rawHttp(port, ['POST /eureka/apps/A HTTP/1.1', JSON_BODY], 'bad');
  expect([json.status, json.text]).toEqual([400, '{"error": "cannot parse request body"}']);
  expect(json.headers['content-type']).toBe('application/json');
  expect(json.headers['x-heureka-reason']).toBe('instance is bad%0D%0AX-Evil: 1');
  const charset = await rawHttp(port, ['POST /eureka/apps/A HTTP/1.1', `${JSON_BODY};charset=UTF-8`], '');
  expect(charset.text).toBe('<error><message>cannot parse request body</message></error>');
  expect(charset.headers['content-type']).toBe('application/json;charset=UTF-8');
});

test.each([
  ['text/plain', 415],
  [undefined, 415],
  ['application/json;charset=utf-16', 415],
  ['json', 400],
])('a registration labelled %j is %i', async (type, status) => {
  const headers = type === undefined ? [] : [`Content-Type: ${type}`];
  expectEmpty(await rawHttp(port, ['POST /eureka/apps/A HTTP/1.1', ...headers], 'x'), status);
  expect(calls).toEqual([]);
});

test('bodies have a limit: as announced, as sent in chunks, and once decompressed', async () => {
  const post = ['POST /eureka/apps/A HTTP/1.1', JSON_BODY];
  expectEmpty(await rawHttp(port, post, 'x'.repeat(2_001)), 413);
  const chunk = 'x'.repeat(2_001);
  const chunked = `${chunk.length.toString(16)}\r\n${chunk}\r\n0\r\n\r\n`;
  expectEmpty(await rawHttp(port, [...post, 'Transfer-Encoding: chunked'], chunked), 413);
  const bomb = gzipSync(Buffer.alloc(1_000_000));
  expect(bomb.length).toBeLessThan(2_000);
  expectEmpty(await rawHttp(port, [...post, 'Content-Encoding: gzip'], bomb), 413);
  expectEmpty(await rawHttp(port, [...post, 'Content-Encoding: gzip'], 'no gzip'), 400);
  expectEmpty(await rawHttp(port, [...post, 'Content-Encoding: br'], 'x'), 415);
  expectEmpty(await rawHttp(port, [...post, 'Content-Encoding: gzip'], gzipSync('h1')), 204);
  expect(calls).toEqual([['register', { ...HELD, hostName: 'h1' }]]);
});

test.each([
  ['/eureka/apps', 'GET,OPTIONS'],
  ['/eureka/apps/A', 'GET,POST,OPTIONS'],
  ['/eureka/apps/delta', 'GET,OPTIONS'],
  ['/eureka/apps/A/i1', 'GET,PUT,DELETE,OPTIONS'],
  ['/eureka/apps/A/i1/status', 'PUT,DELETE,OPTIONS'],
  ['/eureka/apps/A/i1/metadata', 'PUT,OPTIONS'],
  ['/eureka/peerreplication/batch', 'POST,OPTIONS'],
])('PATCH %s is 405 and names what is possible; OPTIONS says it too', async (path, allow) => {
  const answer = await ask(`PATCH ${path}`);
  expectEmpty(answer, 405);
  expect(answer.headers['allow']).toBe(allow);
  const options = await ask(`OPTIONS ${path}`, 'Accept: application/json');
  expect([options.status, options.text]).toEqual([200, '']);
  expect(options.headers['allow']).toBe(allow.includes('GET') ? allow.replace('OPTIONS', 'HEAD,OPTIONS') : allow);
});

test('a client that takes neither JSON nor XML is refused before anything is done', async () => {
  for (const accept of ['text/html', 'text/*', 'application/vnd.foo+json', 'nothing']) {
    expectEmpty(await ask('PUT /eureka/apps/A/i1', `Accept: ${accept}`), 406);
    expectEmpty(await ask('DELETE /eureka/apps/A/i1', `Accept: ${accept}`), 406);
  }
  expect(calls).toEqual([]);
  const jersey = 'Accept: text/html, image/gif, image/jpeg, */*; q=0.2';
  expectEmpty(await ask('DELETE /eureka/apps/A/i1', jersey), 200);
});

test('a body that cannot be read is said before an answer that cannot be given', async () => {
  const accept = 'Accept: text/html';
  expectEmpty(await ask('POST /eureka/apps/A', accept, 'Content-Type: text/plain'), 415);
  expectEmpty(await ask('POST /eureka/apps/A', accept), 406);
  expectEmpty(await ask('POST /eureka/apps/A'), 415);
  expectEmpty(await ask('POST /eureka/apps/A', accept, 'Content-Type: json'), 400);
  expectEmpty(await ask('POST /eureka/apps/A', accept, JSON_BODY), 406);
  expectEmpty(await ask('POST /eureka/peerreplication/batch', accept, 'Content-Type: text/plain'), 415);
});

const batch = (items: unknown, ...headers: string[]): Promise<RawAnswer> =>
  rawHttp(
    port,
    ['POST /eureka/peerreplication/batch/ HTTP/1.1', JSON_BODY, 'Accept: application/json', ...headers],
    JSON.stringify({ replicationList: items }),
  );

test('a batch is verbs from a peer, answered one by one in order', async () => {
  const answer = await batch([
    { appName: 'a', id: 'i1', action: 'Heartbeat', lastDirtyTimestamp: 5, overriddenStatus: 'DOWN', status: 'UP' },
    { appName: 'a', id: 'i2', action: 'Cancel' },
    { appName: 'a', id: 'i3', action: 'Register' },
    { appName: 'billing', id: 'i4', action: 'Register', instanceInfo: JSON.parse(encodeInstanceJson(HELD)) },
    { appName: 'a', id: 'i5', action: 'StatusUpdate', status: 'DOWN', lastDirtyTimestamp: '6' },
    { appName: 'a', id: 'i6', action: 'DeleteStatusOverride' },
    { appName: 'a', id: 'i7' },
  ]);
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toBe('application/json');
  expect(answer.headers['content-encoding']).toBeUndefined();
  const codes = (JSON.parse(answer.text) as { responseList: { statusCode: number }[] }).responseList;
  expect(codes.map(({ statusCode }) => statusCode)).toEqual([200, 200, 500, 200, 200, 200, 500]);
  expect(calls).toEqual([
    ['renew', 'A', 'i1', { lastDirtyTimestamp: 5, overriddenStatus: 'DOWN' }, 'replication'],
    ['cancel', 'A', 'i2', 'replication'],
    // The instance's own id, not the item's: protocol 7.2.
    ['register', expect.objectContaining({ app: 'BILLING', instanceId: 'i1' }), 'replication'],
    ['overrideStatus', 'A', 'i5', 'DOWN', 6, 'replication'],
    ['clearOverride', 'A', 'i6', 'UNKNOWN', undefined, 'replication'],
  ]);
});

test('a registration in a batch that is invalid is swallowed, and judged by the application of its item', async () => {
  const instanceInfo = { ...JSON.parse(encodeInstanceJson(HELD)), hostName: 'invalid' };
  const answer = await batch([{ appName: 'a', id: 'i1', action: 'Register', instanceInfo }]);
  expect(answer.text).toBe('{"responseList":[{"statusCode":200}]}');
  expect(validated).toEqual(['A']);
  expect(calls).toEqual([]);
});

test('a heartbeat with a bad timestamp of an instance whose status is UNKNOWN is 404, as without the timestamp', async () => {
  expectEmpty(await ask('PUT /eureka/apps/A/i1?lastDirtyTimestamp=abc'), 400);
  held = { ...HELD, status: 'UNKNOWN' };
  expectEmpty(await ask('PUT /eureka/apps/A/i1?lastDirtyTimestamp=abc'), 404);
  expectEmpty(await ask('PUT /eureka/apps/A/i1/status?value=UP&lastDirtyTimestamp=abc'), 400);
});

test("a peer's override that is no status is 400 only where it would be stored", async () => {
  const path = 'PUT /eureka/apps/A/i1?lastDirtyTimestamp=2000&overriddenstatus=bad';
  const peer = 'x-netflix-discovery-replication: true';
  expectEmpty(await ask(path, peer), 400);
  expect(calls.filter(([name]) => name === 'renew')).toEqual([]);
  next = { is: 'unknown', reason: 'its status is UNKNOWN' };
  held = { ...HELD, status: 'UNKNOWN' };
  expectEmpty(await ask(path, peer), 404);
  next = { is: 'done' };
  held = HELD;
  expectEmpty(await ask(path), 200);
  expectEmpty(await ask(path.replace('2000', '500'), peer), 200);
});

test('a status that is none is 500 in a batch, and 404 where there is nobody to have it', async () => {
  const items = [
    { appName: 'A', id: 'i1', action: 'StatusUpdate' },
    { appName: 'A', id: 'i1', action: 'StatusUpdate', status: 'up' },
    { appName: 'A', id: 'i1', action: 'DeleteStatusOverride', status: 'x' },
  ];
  const codes = async () => (await batch(items)).text.match(/\d+/g);
  expect(await codes()).toEqual(['500', '500', '500']);
  held = undefined;
  expect(await codes()).toEqual(['404', '404', '404']);
});

test('a conflict in a batch carries our copy unwrapped; XML is answered where JSON is not asked for', async () => {
  next = { is: 'conflict', held: HELD };
  const items = [{ appName: 'A', id: 'i1', action: 'Heartbeat', lastDirtyTimestamp: 5 }];
  expect((await batch(items)).text).toBe(
    `{"responseList":[{"statusCode":409,"responseEntity":${encodeInstanceJson(HELD)}}]}`,
  );
  const xml = await rawHttp(
    port,
    ['POST /eureka/peerreplication/batch HTTP/1.1', JSON_BODY],
    JSON.stringify({ replicationList: items }),
  );
  expect(xml.headers['content-type']).toBe('application/xml');
  expect(xml.text).toContain('<statusCode>409</statusCode><responseEntity class="instance">i1</responseEntity>');
});

test.each([
  '{}',
  'null',
  '{"replicationList":null}',
  '{"replicationList":[null]}',
  '[',
  '{"replicationList":[{"action":"Explode"}]}',
  '{"replicationList":[{"lastDirtyTimestamp":"x"}]}',
])('the batch %s is 400 as a whole', async (body) => {
  const answer = await rawHttp(port, ['POST /eureka/peerreplication/batch HTTP/1.1', JSON_BODY], body);
  expect([answer.status, answer.text]).toEqual([400, '{"error": "cannot parse request body"}']);
  expect(calls).toEqual([]);
});

test('autoscaling groups are 400; status, overrides and the latest changes are told', async () => {
  expectEmpty(await ask('PUT /eureka/asg/g1/status?value=DISABLED'), 400);
  expect((await ask('GET /eureka/status')).text).toMatch(/^<status><generalStats>/);
  expect(JSON.parse((await ask('GET /eureka/v2/status', 'Accept: application/json')).text)).toHaveProperty(
    'generalStats',
  );
  expect((await ask('GET /eureka/serverinfo/statusoverrides')).text).toBe('{}');
  expect(JSON.parse((await ask('GET /eureka/lastn')).text)).toEqual({ lastNRegistered: [], lastNCanceled: [] });
});

test('a stream is opened with filter and resume point, whatever Accept says', async () => {
  const answer = await ask('GET /eureka/stream?apps=a&vips=v', 'Accept: text/event-stream', 'Last-Event-ID: e.5');
  expect(answer.headers['content-type']).toBe('text/event-stream');
  expect(JSON.parse(answer.text)).toEqual({ filter: { apps: ['A'], vips: ['v'] }, at: 'e.5' });
});

test('a node that has not loaded answers reads with 503, never with an empty list or a 404', async () => {
  loaded = false;
  held = undefined;
  for (const path of ['apps', 'apps/delta', 'apps/A', 'apps/A/i1', 'instances/i1', 'vips/v', 'stream']) {
    expectEmpty(await ask(`GET /eureka/${path}`, 'Accept: application/json, text/event-stream'), 503);
  }
});

test('answers say in what way the node is degraded', async () => {
  state = { is: 'away', since: 0, reason: 'gone' };
  expect((await ask('GET /eureka/apps')).headers['x-heureka-degraded']).toBe('store');
  expect((await ask('PUT /eureka/apps/A/i1')).headers['x-heureka-degraded']).toBe('store');
  state = { is: 'cut-off', since: 8_000, reason: 'gone', peer: 'http://b' };
  expect((await ask('GET /eureka/apps')).headers['x-heureka-degraded']).toBe('cut-off; age=12');
});

test('each request is counted by route, not by path', async () => {
  await ask('PUT /eureka/apps/A/i1');
  await ask('GET /eureka/x/y');
  expect(answered).toEqual(['PUT apps/:app/:id 200', 'GET unknown 404']);
});

test('an answer that cannot be written ends its connection and is logged; the process goes on', async () => {
  const broken = (fault: 'sync' | 'later'): Views['all'] => {
    const answer = { ...encoded('all'), etag: 'bad\r\nheader' };
    return () => (fault === 'sync' ? answer : Promise.resolve(answer));
  };
  const kept = views.all;
  onTestFinished(() => {
    views.all = kept;
  });
  for (const fault of ['sync', 'later'] as const) {
    failures = [];
    views.all = broken(fault);
    await expect(rawHttp(port, ['GET /eureka/apps HTTP/1.1'])).rejects.toThrow();
    expect(failures).toHaveLength(1);
  }
  views.all = kept;
  expect((await rawHttp(port, ['GET /eureka/apps HTTP/1.1'])).status).toBe(200);
});
