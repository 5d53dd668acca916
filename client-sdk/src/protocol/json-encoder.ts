/**
 * An instance as JSON, strict: known fields only, in stock's order, with the wire's mixture of texts and numbers exact, so that the strictest
 * client's decoder takes it. Assembled by hand, as it runs for every change; `JSON.stringify` sees only the texts that need it.
 *
 * @see Netflix eureka `EurekaJacksonCodec`
 */
import type { DataCenterInfo, InstanceInfo, PortInfo } from './instance-info.ts';

const EMPTY_METADATA = '{"@class":"java.util.Collections$EmptyMap"}';
const DEFAULT_DATA_CENTER = 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo';
const AMAZON_DATA_CENTER = 'com.netflix.appinfo.AmazonInfo';
/** What the compact form keeps of Amazon's facts. */
const COMPACT_AMAZON = ['instance-id', 'public-ipv4', 'public-hostname', 'local-ipv4', 'availability-zone'];

const text = JSON.stringify as (value: string) => string;

/** Full form: `{"instanceId":...}`, without the `instance` wrapper. */
export function encodeInstanceJson(info: InstanceInfo): string {
  const { leaseInfo } = info;
  return (
    `{${optional('instanceId', info.instanceId)}"hostName":${text(info.hostName)},"app":${text(info.app)},"ipAddr":${text(info.ipAddr)},` +
    `${optional('sid', info.sid)}"status":"${info.status}","overriddenStatus":"${info.overriddenStatus}",` +
    `"port":${port(info.port)},"securePort":${port(info.securePort)},"countryId":${info.countryId},` +
    `"dataCenterInfo":${dataCenter(info.dataCenterInfo)},` +
    `"leaseInfo":{"renewalIntervalInSecs":${leaseInfo.renewalIntervalInSecs},"durationInSecs":${leaseInfo.durationInSecs},` +
    `"registrationTimestamp":${leaseInfo.registrationTimestamp},"lastRenewalTimestamp":${leaseInfo.lastRenewalTimestamp},` +
    `"evictionTimestamp":${leaseInfo.evictionTimestamp},"serviceUpTimestamp":${leaseInfo.serviceUpTimestamp}},` +
    `"metadata":${map(info.metadata)},${optional('appGroupName', info.appGroupName)}` +
    `${optional('homePageUrl', info.homePageUrl)}${optional('statusPageUrl', info.statusPageUrl)}` +
    `${optional('healthCheckUrl', info.healthCheckUrl)}${optional('secureHealthCheckUrl', info.secureHealthCheckUrl)}` +
    `${optional('vipAddress', info.vipAddress)}${optional('secureVipAddress', info.secureVipAddress)}` +
    `"isCoordinatingDiscoveryServer":"${info.isCoordinatingDiscoveryServer}",` +
    `"lastUpdatedTimestamp":"${info.lastUpdatedTimestamp}","lastDirtyTimestamp":"${info.lastDirtyTimestamp ?? info.lastUpdatedTimestamp}"` +
    `${info.actionType === undefined ? '' : `,"actionType":"${info.actionType}"`}` +
    `${info.asgName === undefined ? '' : `,"asgName":${text(info.asgName)}`}}`
  );
}

/** Compact form (`X-Eureka-Accept: compact`): what a caller needs to reach the instance; `lastUpdatedTimestamp` is a number here. */
export function encodeCompactInstanceJson(info: InstanceInfo): string {
  return (
    `{${optional('instanceId', info.instanceId)}"hostName":${text(info.hostName)},"app":${text(info.app)},"ipAddr":${text(info.ipAddr)},` +
    `"status":"${info.status}","port":${port(info.port)},"securePort":${port(info.securePort)},` +
    `"dataCenterInfo":${dataCenter(compactDataCenter(info.dataCenterInfo))},` +
    `${optional('vipAddress', info.vipAddress)}${optional('secureVipAddress', info.secureVipAddress)}` +
    `"lastUpdatedTimestamp":${info.lastUpdatedTimestamp}` +
    `${info.actionType === undefined ? '' : `,"actionType":"${info.actionType}"`}` +
    `${info.asgName === undefined ? '' : `,"asgName":${text(info.asgName)}`}}`
  );
}

/** The document that a client posts to register. */
export function encodeRegistrationJson(info: InstanceInfo): string {
  return `{"instance":${encodeInstanceJson(info)}}`;
}

/** What the compact form keeps of a data center. */
export function compactDataCenter({ name, metadata }: DataCenterInfo): DataCenterInfo {
  if (metadata === undefined) return { name };
  const kept: Record<string, string> = Object.create(null);
  for (const key of COMPACT_AMAZON) {
    const value = metadata[key];
    if (value !== undefined) kept[key] = value;
  }
  return { name, metadata: kept };
}

/** Eureka's class of a data center: it follows from the name, whatever was registered. */
export function dataCenterClass({ name }: DataCenterInfo): string {
  return name === 'Amazon' ? AMAZON_DATA_CENTER : DEFAULT_DATA_CENTER;
}

function optional(name: string, value: string | undefined): string {
  return value === undefined ? '' : `"${name}":${text(value)},`;
}

function port({ port, enabled }: PortInfo): string {
  return `{"$":${port},"@enabled":"${enabled}"}`;
}

function dataCenter(info: DataCenterInfo): string {
  const metadata = info.metadata === undefined ? '' : `,"metadata":${JSON.stringify(info.metadata)}`;
  return `{"@class":"${dataCenterClass(info)}","name":"${info.name}"${metadata}}`;
}

function map(metadata: Readonly<Record<string, string>>): string {
  const json = JSON.stringify(metadata);
  return json === '{}' ? EMPTY_METADATA : json;
}
