/** The wire's record of an instance as users of the SDK see it. */
import { isIP } from 'node:net';
import type { Instance } from '../api.ts';
import { effectiveId, type InstanceInfo } from '../protocol/instance-info.ts';

/**
 * The secure port counts where it is enabled, as Spring has it; an instance that enables none is shown with the plain one all the same.
 * The zone is `metadata.zone`, else Amazon's availability zone.
 */
export function toInstance(info: InstanceInfo): Instance {
  const address = isIP(info.ipAddr) === 0 ? info.hostName || info.ipAddr : info.ipAddr;
  const secure = info.securePort.enabled;
  const port = secure ? info.securePort.port : info.port.port;
  const app = info.app.toLowerCase();
  return {
    id: effectiveId(info),
    app,
    address,
    hostname: info.hostName,
    port,
    secure,
    ports: {
      plain: info.port.enabled ? info.port.port : undefined,
      secure: secure ? info.securePort.port : undefined,
    },
    url: `${secure ? 'https' : 'http'}://${address.includes(':') ? `[${address}]` : address}:${port}`,
    status: info.status,
    zone: info.metadata['zone'] || info.dataCenterInfo.metadata?.['availability-zone'] || undefined,
    vip: names(info.vipAddress),
    secureVip: names(info.secureVipAddress),
    metadata: info.metadata,
  };
}

function names(list: string | undefined): readonly string[] {
  if (list === undefined) return [];
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
