/** Registrations as a Spring service sends them: about 1.1 KB of JSON each in lists, 20 instances an application. */
import type { Target } from './processes.ts';

export const PER_APP = 20;

export function appOf(number: number): string {
  return `SERVICE-${Math.floor(number / PER_APP)}`;
}

export function idOf(number: number): string {
  return `${hostOf(number)}:${appOf(number).toLowerCase()}:8080`;
}

/** @param at - epoch ms: what makes it newer than the one before */
export function registration(number: number, status: 'UP' | 'DOWN' = 'UP', at: number = Date.now()): string {
  const host = hostOf(number);
  const app = appOf(number);
  return JSON.stringify({
    instance: {
      instanceId: idOf(number),
      app,
      hostName: host,
      ipAddr: `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`,
      status,
      overriddenstatus: 'UNKNOWN',
      port: { $: 8080, '@enabled': 'true' },
      securePort: { $: 443, '@enabled': 'false' },
      countryId: 1,
      dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
      leaseInfo: { renewalIntervalInSecs: 30, durationInSecs: 600 },
      homePageUrl: `http://${host}:8080/`,
      statusPageUrl: `http://${host}:8080/actuator/info`,
      healthCheckUrl: `http://${host}:8080/actuator/health`,
      vipAddress: app.toLowerCase(),
      secureVipAddress: app.toLowerCase(),
      metadata: {
        'management.port': '8080',
        zone: `eu-central-1${'abc'[number % 3]}`,
        commit: (Math.imul(number + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0'),
      },
      lastDirtyTimestamp: String(at),
      lastUpdatedTimestamp: String(at),
    },
  });
}

function hostOf(number: number): string {
  return `ip-10-${number >> 16}-${(number >> 8) & 255}-${number & 255}.eu-central-1.compute.internal`;
}

/** A whole request. */
export function httpRequest(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): string {
  const length = method === 'GET' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${path} HTTP/1.1`, 'Host: registry', ...lines, ...length, '', body].join('\r\n');
}

export function registerRequest(target: Target, number: number, status: 'UP' | 'DOWN' = 'UP', at?: number): string {
  const headers = { 'Content-Type': 'application/json', Accept: 'application/json' };
  return httpRequest('POST', `${target.base}/apps/${appOf(number)}`, headers, registration(number, status, at));
}

/** As clients send it; stock clients add status and dirty timestamp. */
export function renewRequest(target: Target, number: number): string {
  return httpRequest('PUT', `${target.base}/apps/${appOf(number)}/${idOf(number)}`, { Accept: 'application/json' });
}

export function listRequest(
  target: Target,
  path: string,
  gzip: boolean,
  headers: Readonly<Record<string, string>> = {},
): string {
  const encoding: Record<string, string> = gzip ? { 'Accept-Encoding': 'gzip' } : {};
  return httpRequest('GET', `${target.base}/${path}`, { Accept: 'application/json', ...encoding, ...headers });
}
