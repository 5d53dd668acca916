/**
 * An instance as XML, strict: stock's elements in stock's order, without indentation. Assembled by hand, as it runs for every change.
 *
 * @see Netflix eureka `Converters.InstanceInfoConverter`
 */
import {
  compactDataCenter,
  type DataCenterInfo,
  dataCenterClass,
  type InstanceInfo,
  type PortInfo,
} from '@heureka/client-sdk/protocol';
import { xmlName, xmlText } from './xml-text.ts';

const EMPTY_METADATA = '<metadata class="java.util.Collections$EmptyMap"/>';

/** A single instance as a whole document; the answer of `GET apps/{app}/{id}`. */
export function encodeInstanceXml(info: InstanceInfo): string {
  return fullXml(info);
}

/**
 * `<instance>...</instance>`, as it stands in lists.
 *
 * @param form - `compact` (`X-Eureka-Accept: compact`) is what a caller needs to reach the instance, no more
 */
export function instanceXml(info: InstanceInfo, form: 'full' | 'compact'): string {
  return form === 'full' ? fullXml(info) : compactXml(info);
}

function fullXml(info: InstanceInfo): string {
  const { leaseInfo } = info;
  return (
    `<instance>${optional('instanceId', info.instanceId)}<hostName>${xmlText(info.hostName)}</hostName><app>${xmlText(info.app)}</app>` +
    `<ipAddr>${xmlText(info.ipAddr)}</ipAddr>${optional('sid', info.sid)}<status>${info.status}</status>` +
    `<overriddenstatus>${info.overriddenStatus}</overriddenstatus>${ports(info.port, info.securePort)}` +
    `<countryId>${info.countryId}</countryId>${dataCenter(info.dataCenterInfo)}` +
    `<leaseInfo><renewalIntervalInSecs>${leaseInfo.renewalIntervalInSecs}</renewalIntervalInSecs>` +
    `<durationInSecs>${leaseInfo.durationInSecs}</durationInSecs>` +
    `<registrationTimestamp>${leaseInfo.registrationTimestamp}</registrationTimestamp>` +
    `<lastRenewalTimestamp>${leaseInfo.lastRenewalTimestamp}</lastRenewalTimestamp>` +
    `<evictionTimestamp>${leaseInfo.evictionTimestamp}</evictionTimestamp>` +
    `<serviceUpTimestamp>${leaseInfo.serviceUpTimestamp}</serviceUpTimestamp></leaseInfo>` +
    `${metadata(info.metadata)}${optional('appGroupName', info.appGroupName)}` +
    `${optional('homePageUrl', info.homePageUrl)}${optional('statusPageUrl', info.statusPageUrl)}` +
    `${optional('healthCheckUrl', info.healthCheckUrl)}${optional('secureHealthCheckUrl', info.secureHealthCheckUrl)}` +
    `${optional('vipAddress', info.vipAddress)}${optional('secureVipAddress', info.secureVipAddress)}` +
    `<isCoordinatingDiscoveryServer>${info.isCoordinatingDiscoveryServer}</isCoordinatingDiscoveryServer>` +
    `<lastUpdatedTimestamp>${info.lastUpdatedTimestamp}</lastUpdatedTimestamp>` +
    `<lastDirtyTimestamp>${info.lastDirtyTimestamp ?? info.lastUpdatedTimestamp}</lastDirtyTimestamp>` +
    `${optional('actionType', info.actionType)}${optional('asgName', info.asgName)}</instance>`
  );
}

function compactXml(info: InstanceInfo): string {
  return (
    `<instance>${optional('instanceId', info.instanceId)}<app>${xmlText(info.app)}</app><ipAddr>${xmlText(info.ipAddr)}</ipAddr>` +
    `${optional('vipAddress', info.vipAddress)}${optional('secureVipAddress', info.secureVipAddress)}` +
    `${dataCenter(compactDataCenter(info.dataCenterInfo))}<hostName>${xmlText(info.hostName)}</hostName>` +
    `<status>${info.status}</status><lastUpdatedTimestamp>${info.lastUpdatedTimestamp}</lastUpdatedTimestamp>` +
    `${optional('actionType', info.actionType)}${optional('asgName', info.asgName)}${ports(info.port, info.securePort)}</instance>`
  );
}

function optional(name: string, value: string | undefined): string {
  return value === undefined ? '' : `<${name}>${xmlText(value)}</${name}>`;
}

function ports(plain: PortInfo, secure: PortInfo): string {
  return `<port enabled="${plain.enabled}">${plain.port}</port><securePort enabled="${secure.enabled}">${secure.port}</securePort>`;
}

function dataCenter(info: DataCenterInfo): string {
  // Amazon's is there even when it is empty: stock's readers of that class want it.
  const facts = info.metadata === undefined ? '' : `<metadata>${entries(info.metadata)}</metadata>`;
  return `<dataCenterInfo class="${dataCenterClass(info)}"><name>${info.name}</name>${facts}</dataCenterInfo>`;
}

function metadata(map: Readonly<Record<string, string>>): string {
  const inner = entries(map);
  return inner === '' ? EMPTY_METADATA : `<metadata>${inner}</metadata>`;
}

/** The empty key has no name in XML and is left out; JSON answers have it. */
function entries(map: Readonly<Record<string, string>>): string {
  let xml = '';
  for (const [key, value] of Object.entries(map)) {
    const name = xmlName(key);
    if (name !== '') xml += `<${name}>${xmlText(value)}</${name}>`;
  }
  return xml;
}
