/**
 * What clients and servers write, read tolerantly: registrations, and the lists that servers answer. Unknown fields are dropped, explicit nulls
 * are absent, numbers as text and text as numbers are understood; what cannot be understood is a DecodeError that says where.
 *
 * @see Netflix eureka `EurekaJacksonCodec`, and the XStream codec of older servers
 */
import type { Application, Applications } from './applications.ts';
import { DecodeError } from './decode-error.ts';
import { type ActionType, effectiveId, type InstanceInfo, type LeaseInfo, type PortInfo } from './instance-info.ts';
import {
  boundedText,
  DEFAULT_COUNTRY,
  DEFAULT_PORT,
  DEFAULT_SECURE_PORT,
  dataCenterOf,
  int32Of,
  leaseOf,
  MAX_METADATA,
  MetadataBuilder,
  statusOf,
  timestampOf,
} from './normalise.ts';

/** A registration as it was read. It may lack what a registry then refuses with a message of its own. */
export interface Registration extends InstanceInfo {
  /** The data center, or its name, was not given; MyOwn stands in. */
  readonly missing?: 'dataCenterInfo' | 'dataCenterInfo.name';
}

type JsonObject = Readonly<Record<string, unknown>>;

/** Classes of data centers that stock knows; another one is an error. */
const DATA_CENTER_CLASSES: ReadonlySet<string> = new Set([
  'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo',
  'com.netflix.appinfo.AmazonInfo',
  'com.netflix.appinfo.MyDataCenterInfo',
]);
/** Of a number given as text, in characters. */
const MAX_NUMBER = 64;
const BYTE_ORDER_MARK = 0xfeff;

/**
 * The body of a registration: `{"instance":{...}}`. A byte order mark before and text after it do not count.
 *
 * @param maxMetadata - of keys and values together, in UTF-16 units
 * @throws DecodeError when it is no JSON, has no such wrapper, or a field cannot be what it must
 */
export function decodeRegistration(text: string, maxMetadata: number = MAX_METADATA): Registration {
  const root = object(parsed(text), '');
  if (root['instance'] === undefined) throw new DecodeError('', 'has no property "instance"');
  return registrationOf(object(root['instance'], 'instance'), 'instance', maxMetadata);
}

/** One instance without wrapper, as a server or a peer writes it. @throws DecodeError */
export function decodeInstance(value: unknown, path = 'instance'): InstanceInfo {
  const { missing: _, ...info } = decodeUnwrapped(value, path);
  return info;
}

/** The same, of an instance that is to be registered: it says what is missing. @throws DecodeError */
export function decodeUnwrapped(value: unknown, path = 'instance'): Registration {
  return registrationOf(object(value, path), path, MAX_METADATA);
}

/**
 * A list of applications as any server writes it, of stock's older codec too: single objects instead of arrays, numbers as text, no
 * `application` at all. An instance that cannot be read is left out and counted; it never spoils the others.
 *
 * @throws DecodeError when there is no list to read
 */
export function decodeApplications(text: string): Applications & { readonly skipped: number } {
  const root = object(parsed(text), '');
  const list = object(root['applications'], 'applications');
  let skipped = 0;
  const applications: Application[] = [];
  for (const [index, item] of many(list['application']).entries()) {
    if (!isObject(item)) {
      skipped++;
      continue;
    }
    const path = `applications.application.${index}`;
    const readable: InstanceInfo[] = [];
    for (const instance of many(item['instance'])) {
      const info = unlessUnreadable(() => decodeInstance(instance, `${path}.instance`));
      if (info === undefined) skipped++;
      else readable.push(info);
    }
    const name = unlessUnreadable(() => string(item['name'], `${path}.name`))?.toUpperCase() ?? readable[0]?.app;
    if (name === undefined) skipped++;
    else applications.push({ name, instances: readable });
  }
  return {
    versionsDelta: string(list['versions__delta'], 'applications.versions__delta'),
    appsHashCode: string(list['apps__hashcode'], 'applications.apps__hashcode'),
    applications,
    skipped,
  };
}

function unlessUnreadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function registrationOf(from: JsonObject, path: string, maxMetadata: number): Registration {
  const text = (name: string): string | undefined => string(from[name], `${path}.${name}`);
  const app = text('app');
  if (app === undefined) throw new DecodeError(`${path}.app`, 'is missing');
  const hostName = text('hostName') ?? '';
  const metadata = metadataOf(from['metadata'], `${path}.metadata`, maxMetadata);
  const sid = text('sid');
  const center = dataCenter(from['dataCenterInfo'], `${path}.dataCenterInfo`);
  const info: InstanceInfo = {
    instanceId: text('instanceId') ?? springId(metadata, hostName),
    app: app.toUpperCase(),
    appGroupName: text('appGroupName')?.toUpperCase(),
    ipAddr: text('ipAddr') ?? '',
    sid: sid === 'na' || sid === 'unknown' ? undefined : sid,
    hostName,
    port: port(from['port'], DEFAULT_PORT, `${path}.port`),
    securePort: port(from['securePort'], DEFAULT_SECURE_PORT, `${path}.securePort`),
    homePageUrl: text('homePageUrl'),
    statusPageUrl: text('statusPageUrl'),
    healthCheckUrl: text('healthCheckUrl'),
    secureHealthCheckUrl: text('secureHealthCheckUrl'),
    vipAddress: text('vipAddress'),
    secureVipAddress: text('secureVipAddress'),
    countryId: absent(from['countryId']) ? DEFAULT_COUNTRY : int32Of(number(from['countryId']), `${path}.countryId`),
    dataCenterInfo: center.info,
    status: statusOf(text('status') ?? 'UP'),
    overriddenStatus: overridden(from, path),
    leaseInfo: lease(from['leaseInfo'], `${path}.leaseInfo`),
    isCoordinatingDiscoveryServer: text('isCoordinatingDiscoveryServer') === 'true',
    metadata,
    lastUpdatedTimestamp: timestamp(from['lastUpdatedTimestamp']) ?? 0,
    lastDirtyTimestamp: timestamp(from['lastDirtyTimestamp']),
    actionType: actionOf(from['actionType']),
    asgName: text('asgName'),
  };
  const whole = { ...info, dataCenterInfo: withInstanceId(info) };
  return center.missing === undefined ? whole : { ...whole, missing: center.missing };
}

/** Spring's server takes the id from the metadata where there is none, and makes it unique by the host's name. */
function springId(metadata: Readonly<Record<string, string>>, hostName: string): string | undefined {
  const id = metadata['instanceId'];
  if (id === undefined) return undefined;
  return id.startsWith(hostName) ? id : `${hostName}:${id}`;
}

/** Amazon's facts always name the instance. */
export function withInstanceId(
  info: Pick<InstanceInfo, 'instanceId' | 'dataCenterInfo' | 'hostName'>,
): InstanceInfo['dataCenterInfo'] {
  const { name, metadata } = info.dataCenterInfo;
  const id = effectiveId(info);
  if (name !== 'Amazon' || metadata?.['instance-id'] || id === '') return info.dataCenterInfo;
  return { name, metadata: Object.assign(Object.create(null), metadata, { 'instance-id': id }) };
}

/** Both spellings are read; the later in the document counts, and a null does not. */
function overridden(from: JsonObject, path: string): InstanceInfo['overriddenStatus'] {
  let last: string | undefined;
  for (const [name, value] of Object.entries(from)) {
    if (name === 'overriddenStatus' || name === 'overriddenstatus') last = string(value, `${path}.${name}`) ?? last;
  }
  return statusOf(last ?? 'UNKNOWN');
}

function dataCenter(
  value: unknown,
  path: string,
): { info: InstanceInfo['dataCenterInfo']; missing?: 'dataCenterInfo' | 'dataCenterInfo.name' } {
  const own = { name: 'MyOwn' } as const;
  if (absent(value)) return { info: own, missing: 'dataCenterInfo' };
  const from = object(value, path);
  const type = string(from['@class'], `${path}.@class`);
  if (type !== undefined && !DATA_CENTER_CLASSES.has(type)) {
    throw new DecodeError(`${path}.@class`, `is no data center of Eureka's: "${type.slice(0, 80)}"`);
  }
  const name = string(from['name'], `${path}.name`);
  if (name === undefined) return { info: own, missing: 'dataCenterInfo.name' };
  const amazon = name === 'Amazon' || type === 'com.netflix.appinfo.AmazonInfo';
  const facts = amazon ? metadataOf(from['metadata'], `${path}.metadata`, MAX_METADATA) : undefined;
  return { info: dataCenterOf(amazon ? 'Amazon' : name, facts, path) };
}

function metadataOf(value: unknown, path: string, limit: number): Readonly<Record<string, string>> {
  const builder = new MetadataBuilder(path, limit);
  if (absent(value)) return builder.entries;
  for (const [key, inner] of Object.entries(object(value, path))) {
    if (absent(inner)) continue;
    builder.add(key, typeof inner === 'object' ? json(inner, path) : String(inner));
  }
  return builder.entries;
}

/** What is nested in metadata, as its text. @throws DecodeError for thousands of levels, which the engine cannot write */
function json(value: object, path: string): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    throw new DecodeError(path, 'is nested too deeply', { cause: error });
  }
}

function port(value: unknown, otherwise: PortInfo, path: string): PortInfo {
  if (absent(value)) return otherwise;
  const from = object(value, path);
  const enabled = string(from['@enabled'], `${path}.@enabled`);
  return {
    port: from['$'] === undefined ? otherwise.port : int32Of(number(from['$']), `${path}.$`),
    enabled: enabled === undefined ? otherwise.enabled : enabled === 'true',
  };
}

function lease(value: unknown, path: string): LeaseInfo {
  if (absent(value)) return leaseOf(0, 0);
  const from = object(value, path);
  return {
    ...leaseOf(number(from['renewalIntervalInSecs']), number(from['durationInSecs'])),
    registrationTimestamp: timestamp(from['registrationTimestamp']) ?? 0,
    lastRenewalTimestamp: timestamp(from['lastRenewalTimestamp'] ?? from['renewalTimestamp']) ?? 0,
    evictionTimestamp: timestamp(from['evictionTimestamp']) ?? 0,
    serviceUpTimestamp: timestamp(from['serviceUpTimestamp']) ?? 0,
  };
}

function actionOf(value: unknown): ActionType | undefined {
  return value === 'ADDED' || value === 'MODIFIED' || value === 'DELETED' ? value : undefined;
}

/** Text that is no number is 0, as stock has it; null and absent are undefined. */
function timestamp(value: unknown): number | undefined {
  return absent(value) ? undefined : timestampOf(number(value), 0);
}

/** As Java reads one: no hexadecimal, no infinity. */
const NUMERIC = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;

/** A number, or text that is one; NaN for everything else. */
function number(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.length <= MAX_NUMBER && NUMERIC.test(value) ? Number(value) : Number.NaN;
}

/** Numbers and booleans are text too. @throws DecodeError for objects, arrays, and texts that are too long */
function string(value: unknown, path: string): string | undefined {
  if (absent(value)) return undefined;
  if (typeof value === 'object') throw new DecodeError(path, `must be a text, got ${kind(value)}`);
  return boundedText(String(value), path);
}

function absent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function object(value: unknown, path: string): JsonObject {
  if (!isObject(value)) throw new DecodeError(path, `must be an object, got ${kind(value)}`);
  return value;
}

function kind(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (value === null) return 'null';
  return value === undefined ? 'nothing' : `${/^[aeiou]/.test(typeof value) ? 'an' : 'a'} ${typeof value}`;
}

function many(value: unknown): readonly unknown[] {
  if (absent(value)) return [];
  return Array.isArray(value) ? value : [value];
}

function parsed(text: string): unknown {
  const body = text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
  try {
    return JSON.parse(body);
  } catch (error) {
    const end = endOfObject(body);
    if (end > 0 && end < body.length) {
      try {
        return JSON.parse(body.slice(0, end));
      } catch {
        // What stands before the end is no JSON either: the first error says more.
      }
    }
    throw new DecodeError('', 'is no JSON', { cause: error });
  }
}

/** Where the first object of the text ends: stock reads no further. 0 when it does not end. */
function endOfObject(text: string): number {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quoted) {
      if (char === '\\') at++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '{') depth++;
    else if (char === '}' && --depth === 0) return at + 1;
  }
  return 0;
}
