import { effectiveId, type InstanceInfo, type Registration } from '@heureka/client-sdk/protocol';

/**
 * What Eureka finds wrong with a registration, in its own words and order; undefined: nothing. White space is not blank.
 *
 * @param pathApp - the application of the path, upper-cased
 * @see Netflix eureka `ApplicationResource#addInstance`
 */
export function validateRegistration(info: InstanceInfo | Registration, pathApp: string): string | undefined {
  const missing = 'missing' in info ? info.missing : undefined;
  if (effectiveId(info) === '') return 'Missing instanceId';
  if (info.hostName === '') return 'Missing hostname';
  if (info.ipAddr === '') return 'Missing ip address';
  if (info.app === '') return 'Missing appName';
  if (info.app !== pathApp) return `Mismatched appName, expecting ${pathApp} but was ${info.app}`;
  if (missing === 'dataCenterInfo') return 'Missing dataCenterInfo';
  return missing === 'dataCenterInfo.name' ? 'Missing dataCenterInfo Name' : undefined;
}
