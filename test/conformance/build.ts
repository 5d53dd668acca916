/** The words that the cases are written in. `B` at the beginning of a path stands for the base (`/eureka`, and again `/eureka/v2`). */
import type { Expected, Step } from './case.ts';

export const JSON_ACCEPT = { accept: 'application/json' };
export const XML_ACCEPT = { accept: 'application/xml' };
export const AS_PEER = { 'x-netflix-discovery-replication': 'true' };
const JSON_TYPE = { 'content-type': 'application/json' };

/** The registration R of the cases: app BILLING, id i1, UP, dirty timestamp 1000, lease 30/90. `undefined` leaves a field out. */
export const R: Readonly<Record<string, unknown>> = {
  instanceId: 'i1',
  hostName: 'h1',
  app: 'BILLING',
  ipAddr: '10.0.0.1',
  status: 'UP',
  port: { $: 9001, '@enabled': 'true' },
  dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
  leaseInfo: { renewalIntervalInSecs: 30, durationInSecs: 90 },
  vipAddress: 'billing',
  lastDirtyTimestamp: '1000',
};

export const DONE: Expected = { status: 200, body: 'empty' };
export const NO_CONTENT: Expected = { status: 204, body: 'empty' };
export const EMPTY_404: Expected = { status: 404, body: 'empty' };

/** A step whose answer is an error without body. */
export function emptyError(step: Omit<Step, 'expect'>, status: number, stockStatus = status): Step {
  return {
    ...step,
    expect: { status, body: 'empty' },
    stock: { deviation: stockStatus === status ? 'empty-errors' : 'caller-errors', expect: { status: stockStatus } },
  };
}

export interface RegisterOptions {
  readonly app?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly expect?: Expected;
  readonly stock?: Step['stock'];
}

/** POST of R with some fields changed. */
export function register(change: Readonly<Record<string, unknown>> = {}, options: RegisterOptions = {}): Step {
  const instance = { ...R, ...change };
  return {
    ask: {
      method: 'POST',
      path: `B/apps/${encodeURIComponent(options.app ?? String(instance['app'] ?? 'BILLING'))}`,
      headers: { ...JSON_ACCEPT, ...JSON_TYPE, ...options.headers },
      body: JSON.stringify({ instance }),
    },
    expect: options.expect ?? NO_CONTENT,
    ...(options.stock === undefined ? {} : { stock: options.stock }),
  };
}

/** POST of a body as it stands. */
export function post(
  path: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>>,
  expect: Expected,
): Step {
  return { ask: { method: 'POST', path, headers, body }, expect };
}

export function get(path: string, expect: Expected, headers: Readonly<Record<string, string>> = JSON_ACCEPT): Step {
  return { ask: { method: 'GET', path, headers }, expect };
}

export function put(
  path: string,
  expect: Expected = DONE,
  headers: Readonly<Record<string, string>> = JSON_ACCEPT,
): Step {
  return { ask: { method: 'PUT', path, headers }, expect };
}

export function del(path: string, expect: Expected = DONE): Step {
  return { ask: { method: 'DELETE', path, headers: JSON_ACCEPT }, expect };
}

/** One batch of replication items, and the status code of each. */
export function batch(
  items: readonly Readonly<Record<string, unknown>>[],
  codes: readonly number[],
  more: Expected['has'] = {},
  headers: Readonly<Record<string, string>> = {},
): Step {
  return post(
    'B/peerreplication/batch/',
    JSON.stringify({ replicationList: items }),
    { ...JSON_ACCEPT, ...JSON_TYPE, ...headers },
    {
      status: 200,
      body: 'json',
      headers: { 'content-encoding': undefined },
      has: {
        'responseList.length': codes.length,
        ...Object.fromEntries(codes.map((code, index) => [`responseList.${index}.statusCode`, code])),
        ...more,
      },
    },
  );
}

/** GET of the instance i1, with what it must show. */
export function shows(has: Expected['has']): Step {
  return get('B/apps/BILLING/i1', { status: 200, body: 'json', has: prefixed('instance.', has) });
}

function prefixed(prefix: string, has: Expected['has'] = {}): Record<string, unknown> {
  return Object.fromEntries(Object.entries(has).map(([path, value]) => [prefix + path, value]));
}
