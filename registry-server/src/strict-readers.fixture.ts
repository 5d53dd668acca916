/**
 * The strictest readers that clients have, for tests: JSON as Spring's HTTP clients decode it (unknown fields fail, types are exact), XML as a
 * parser that knows namespaces reads it. They throw at the first thing that such a client would fail at.
 */
import { SaxesParser } from 'saxes';

type Check = (value: unknown, path: string) => void;

function fail(path: string, value: unknown): never {
  throw new Error(`${path}: ${JSON.stringify(value)?.slice(0, 200)}`);
}

const is =
  (holds: (value: unknown) => boolean): Check =>
  (value, path) => {
    if (!holds(value)) fail(path, value);
  };
const text = is((value) => typeof value === 'string' && value.isWellFormed());
const number = is(Number.isSafeInteger);
const digits = is((value) => typeof value === 'string' && /^-?\d+$/.test(value));
const oneOf = (...values: readonly string[]): Check => is((value) => values.includes(value as string));
const status = oneOf('UP', 'DOWN', 'STARTING', 'OUT_OF_SERVICE', 'UNKNOWN');

function record(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(path, value);
  return value as Record<string, unknown>;
}

/** @param required - names that must be there; `fields` may be */
function object(fields: Readonly<Record<string, Check>>, required: readonly string[] = []): Check {
  return (value, path) => {
    const entries = record(value, path);
    for (const name of required) if (!Object.hasOwn(entries, name)) fail(`${path}.${name}`, undefined);
    for (const [name, inner] of Object.entries(entries)) {
      if (!Object.hasOwn(fields, name)) fail(`${path}: unknown field ${name}`, inner);
      fields[name]!(inner, `${path}.${name}`);
    }
  };
}

const list =
  (each: Check): Check =>
  (value, path) => {
    if (!Array.isArray(value)) fail(path, value);
    for (const [index, inner] of value.entries()) each(inner, `${path}.${index}`);
  };

const texts: Check = (value, path) => {
  for (const [key, inner] of Object.entries(record(value, path))) {
    text(key, `${path} key`);
    text(inner, `${path}.${key}`);
  }
};
const metadata: Check = (value, path) => {
  texts(value, path);
  const { '@class': type, ...rest } = record(value, path);
  // The marker of an empty map, or no such key at all.
  if (type !== undefined && (type !== 'java.util.Collections$EmptyMap' || Object.keys(rest).length > 0))
    fail(path, value);
};
const port = object({ $: number, '@enabled': oneOf('true', 'false') }, ['$', '@enabled']);
const dataCenter: Check = (value, path) => {
  const { name, '@class': type } = record(value, path);
  const amazon = name === 'Amazon';
  const fields = { '@class': text, name: oneOf('MyOwn', 'Amazon', 'Netflix'), ...(amazon && { metadata: texts }) };
  object(fields, Object.keys(fields))(value, path);
  if (type !== `com.netflix.appinfo.${amazon ? 'AmazonInfo' : 'InstanceInfo$DefaultDataCenterInfo'}`) fail(path, type);
};
const LEASE = {
  renewalIntervalInSecs: number,
  durationInSecs: number,
  registrationTimestamp: number,
  lastRenewalTimestamp: number,
  evictionTimestamp: number,
  serviceUpTimestamp: number,
};
const COMPACT = {
  instanceId: text,
  app: text,
  ipAddr: text,
  vipAddress: text,
  secureVipAddress: text,
  dataCenterInfo: dataCenter,
  hostName: text,
  status,
  actionType: oneOf('ADDED', 'MODIFIED', 'DELETED'),
  asgName: text,
  port,
  securePort: port,
};
const ALWAYS = ['app', 'ipAddr', 'hostName', 'status', 'port', 'securePort', 'dataCenterInfo', 'lastUpdatedTimestamp'];
const compactInstance = object({ ...COMPACT, lastUpdatedTimestamp: number }, ALWAYS);
const fullInstance = object(
  {
    ...COMPACT,
    appGroupName: text,
    sid: text,
    homePageUrl: text,
    statusPageUrl: text,
    healthCheckUrl: text,
    secureHealthCheckUrl: text,
    countryId: number,
    overriddenStatus: status,
    leaseInfo: object(LEASE, Object.keys(LEASE)),
    isCoordinatingDiscoveryServer: oneOf('true', 'false'),
    metadata,
    lastUpdatedTimestamp: digits,
    lastDirtyTimestamp: digits,
  },
  [...ALWAYS, 'overriddenStatus', 'leaseInfo', 'countryId', 'metadata', 'lastDirtyTimestamp'],
);

const applicationOf = (instance: Check): Check =>
  object({ name: text, instance: list(instance) }, ['name', 'instance']);

/** A list, an application or an instance, whichever root it has. @throws where a strict client would */
export function readStrictJson(body: string, form: 'full' | 'compact'): unknown {
  const json: unknown = JSON.parse(body);
  const instance = form === 'full' ? fullInstance : compactInstance;
  const application = applicationOf(instance);
  const applications = { versions__delta: digits, apps__hashcode: text, application: list(application) };
  const roots = { applications: object(applications, Object.keys(applications)), application, instance };
  const names = Object.keys(record(json, 'root'));
  if (names.length !== 1) fail('root', names);
  object(roots)(json, 'root');
  return json;
}

const INTEGERS = new Set([
  'port',
  'securePort',
  'countryId',
  'renewalIntervalInSecs',
  'durationInSecs',
  'registrationTimestamp',
  'lastRenewalTimestamp',
  'evictionTimestamp',
  'serviceUpTimestamp',
  'lastUpdatedTimestamp',
  'lastDirtyTimestamp',
  'versions__delta',
]);

/** @throws where a parser that knows namespaces, or a client that wants integers and attributes, would */
export function readStrictXml(body: string): void {
  const parser = new SaxesParser({ xmlns: true });
  const open: string[] = [];
  let content = '';
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    open.push(name);
    content = '';
    const inMetadata = open.slice(0, -1).includes('metadata');
    if (!inMetadata && (name === 'port' || name === 'securePort')) {
      oneOf('true', 'false')(attributes['enabled']?.value, `${name} enabled`);
    }
    if (!inMetadata && name === 'dataCenterInfo') text(attributes['class']?.value, `${name} class`);
  });
  parser.on('text', (piece) => {
    content += piece;
  });
  parser.on('closetag', ({ name }) => {
    open.pop();
    if (!open.includes('metadata') && INTEGERS.has(name)) digits(content, name);
    content = '';
  });
  parser.write(body).close();
}
