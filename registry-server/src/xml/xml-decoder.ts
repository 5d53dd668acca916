/**
 * A registration in XML, read tolerantly: unknown elements are skipped, of a repeated one the last counts. Where XML and JSON differ in
 * stock (statuses in any case, strict ports, timestamps that are no number), it is XML's way here.
 *
 * @see Netflix eureka `Converters.InstanceInfoConverter`
 */
import {
  type ActionType,
  boundedText,
  type DataCenterInfo,
  DEFAULT_COUNTRY,
  DEFAULT_PORT,
  DEFAULT_SECURE_PORT,
  DecodeError,
  dataCenterOf,
  type InstanceInfo,
  int32Of,
  type LeaseInfo,
  leaseOf,
  MAX_METADATA,
  MetadataBuilder,
  type PortInfo,
  type Registration,
  statusOf,
  timestampOf,
  withInstanceId,
} from '@heureka/client-sdk/protocol';
import { keyOfXmlName } from './xml-text.ts';
import { parseXml, type XmlElement } from './xml-tree.ts';

type Elements = ReadonlyMap<string, XmlElement>;

/** Java's Long and Integer: no spaces, no fractions. */
const INTEGER = /^[+-]?\d{1,19}$/;

/**
 * The body of a registration: `<instance>...</instance>`.
 *
 * @param metadataLimit - of keys and values together, in UTF-16 units
 * @throws DecodeError when it is not well-formed, has another root or a DOCTYPE, or a field cannot be what it must
 */
export function decodeRegistrationXml(text: string, metadataLimit: number): Registration {
  const root = parseXml(text);
  if (root.name !== 'instance') throw new DecodeError('', `must be an <instance>, got <${root.name.slice(0, 40)}>`);
  const fields = byName(root);
  const string = (name: string): string | undefined => stringOf(fields, name, `instance.${name}`);

  const app = string('app');
  if (app === undefined) throw new DecodeError('instance.app', 'is missing');
  const sid = string('sid');
  const country = fields.get('countryId');
  const center = dataCenter(fields.get('dataCenterInfo'));
  const info: InstanceInfo = {
    instanceId: string('instanceId'),
    app: app.toUpperCase(),
    // Not upper-cased here, as in stock: only its JSON decoder does that.
    appGroupName: string('appGroupName'),
    ipAddr: string('ipAddr') ?? '',
    sid: sid === 'na' || sid === 'unknown' ? undefined : sid,
    hostName: string('hostName') ?? '',
    port: port(fields.get('port'), DEFAULT_PORT, (enabled) => enabled !== 'false'),
    securePort: port(fields.get('securePort'), DEFAULT_SECURE_PORT, (enabled) => enabled === 'true'),
    homePageUrl: string('homePageUrl'),
    statusPageUrl: string('statusPageUrl'),
    healthCheckUrl: string('healthCheckUrl'),
    secureHealthCheckUrl: string('secureHealthCheckUrl'),
    vipAddress: string('vipAddress'),
    secureVipAddress: string('secureVipAddress'),
    countryId: country === undefined ? DEFAULT_COUNTRY : int32(country, 'instance.countryId'),
    dataCenterInfo: center.info,
    status: statusOf(fields.get('status')?.text ?? 'UP'),
    overriddenStatus: overridden(root),
    leaseInfo: lease(fields.get('leaseInfo')),
    isCoordinatingDiscoveryServer: fields.get('isCoordinatingDiscoveryServer')?.text === 'true',
    metadata: metadata(fields.get('metadata'), 'instance.metadata', metadataLimit),
    lastUpdatedTimestamp: timestamp(fields, 'lastUpdatedTimestamp') ?? 0,
    lastDirtyTimestamp: timestamp(fields, 'lastDirtyTimestamp'),
    actionType: actionOf(fields.get('actionType')?.text),
    asgName: string('asgName'),
  };
  const whole = { ...info, dataCenterInfo: withInstanceId(info) };
  return center.missing === undefined ? whole : { ...whole, missing: center.missing };
}

/** Children by name; of a repeated one the last. A Map, so that no name is special. */
function byName(element: XmlElement): Elements {
  return new Map(element.children.map((child) => [child.name, child]));
}

function stringOf(fields: Elements, name: string, path: string): string | undefined {
  const element = fields.get(name);
  return element === undefined ? undefined : boundedText(element.text, path);
}

/** Both spellings are read; the later in the document counts. */
function overridden(root: XmlElement): InstanceInfo['overriddenStatus'] {
  const last = root.children.findLast(({ name }) => name === 'overriddenstatus' || name === 'overriddenStatus');
  return statusOf(last?.text ?? 'UNKNOWN');
}

function port(
  element: XmlElement | undefined,
  otherwise: PortInfo,
  enabled: (attribute?: string) => boolean,
): PortInfo {
  if (element === undefined) return otherwise;
  return { port: int32(element, `instance.${element.name}`), enabled: enabled(element.attributes['enabled']) };
}

/** @throws DecodeError for what Java's Integer refuses: spaces, other text, nothing */
function int32({ text }: XmlElement, path: string): number {
  if (!INTEGER.test(text)) throw new DecodeError(path, `must be an integer, got "${text.slice(0, 40)}"`);
  return int32Of(Number(text), path);
}

/** The class attribute does not count: the name says what it is. */
function dataCenter(element: XmlElement | undefined): {
  info: DataCenterInfo;
  missing?: NonNullable<Registration['missing']>;
} {
  const own = { name: 'MyOwn' } as const;
  if (element === undefined) return { info: own, missing: 'dataCenterInfo' };
  const path = 'instance.dataCenterInfo';
  const fields = byName(element);
  const name = stringOf(fields, 'name', `${path}.name`);
  if (name === undefined) return { info: own, missing: 'dataCenterInfo.name' };
  if (name.toLowerCase() !== 'amazon') return { info: dataCenterOf(name, undefined, path) };
  const facts = metadata(fields.get('metadata'), `${path}.metadata`, MAX_METADATA);
  return { info: dataCenterOf('Amazon', facts, path) };
}

function metadata(element: XmlElement | undefined, path: string, limit: number): Readonly<Record<string, string>> {
  const builder = new MetadataBuilder(path, limit);
  for (const { name, text } of element?.children ?? []) builder.add(keyOfXmlName(name), text);
  return builder.entries;
}

function lease(element: XmlElement | undefined): LeaseInfo {
  if (element === undefined) return leaseOf(0, 0);
  const fields = byName(element);
  const seconds = (name: string): number => timestamp(fields, name) ?? 0;
  return {
    ...leaseOf(seconds('renewalIntervalInSecs'), seconds('durationInSecs')),
    registrationTimestamp: timestamp(fields, 'registrationTimestamp') ?? 0,
    lastRenewalTimestamp: timestamp(fields, 'lastRenewalTimestamp') ?? timestamp(fields, 'renewalTimestamp') ?? 0,
    evictionTimestamp: timestamp(fields, 'evictionTimestamp') ?? 0,
    serviceUpTimestamp: timestamp(fields, 'serviceUpTimestamp') ?? 0,
  };
}

function actionOf(text: string | undefined): ActionType | undefined {
  return text === 'ADDED' || text === 'MODIFIED' || text === 'DELETED' ? text : undefined;
}

/** Text that is no number is no timestamp: a registry then says now, where JSON says 0. */
function timestamp(fields: Elements, name: string): number | undefined {
  const text = fields.get(name)?.text;
  return text !== undefined && INTEGER.test(text) ? timestampOf(Number(text), undefined) : undefined;
}
