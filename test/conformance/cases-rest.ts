/** C50-C74: deltas, access, VIPs, eviction, replication, compression, names, and the rest. */
import { gzipSync } from 'node:zlib';
import {
  AS_PEER,
  batch,
  del,
  emptyError,
  get,
  JSON_ACCEPT,
  NO_CONTENT,
  put,
  R,
  register,
  shows,
  XML_ACCEPT,
} from './build.ts';
import type { Case, Step } from './case.ts';

const I1 = 'B/apps/BILLING/i1';
const JSON_TYPE = { 'content-type': 'application/json' };
type Apps = readonly {
  readonly name: string;
  readonly instance: readonly { instanceId?: string; actionType: string }[];
}[];
const delta = (has: Readonly<Record<string, unknown>>): Step => get('B/apps/delta', { status: 200, body: 'json', has });
/** The entries of i1 in a delta, by their action. */
const actions =
  (...wanted: string[]) =>
  (applications: unknown): boolean => {
    const billing = (applications as Apps).find(({ name }) => name === 'BILLING');
    const found =
      billing?.instance.filter(({ instanceId }) => instanceId === 'i1').map(({ actionType }) => actionType) ?? [];
    return found.join() === wanted.join();
  };
const error = (method: string, path: string, status: number): Step =>
  emptyError({ ask: { method, path, headers: JSON_ACCEPT } }, status);
const heartbeat = (id: string, lastDirtyTimestamp?: number) => ({
  appName: 'BILLING',
  id,
  action: 'Heartbeat',
  status: 'UP',
  ...(lastDirtyTimestamp === undefined ? {} : { lastDirtyTimestamp }),
});
const SHORT_LEASE = { leaseInfo: { renewalIntervalInSecs: 1, durationInSecs: 1 } };
const AMAZON = { '@class': 'com.netflix.appinfo.AmazonInfo', name: 'Amazon', metadata: {} };

export const REST: readonly Case[] = [
  {
    id: 'C50',
    about: 'a cancelled instance is DELETED in the delta',
    steps: [
      register(),
      del(I1),
      delta({ 'applications.apps__hashcode': '', 'applications.application': actions('DELETED') }),
    ],
  },
  {
    id: 'C51',
    about: 'an instance stands once in a delta, with its latest change',
    steps: [register(), del(I1), register(), delta({ 'applications.application': actions('ADDED') })],
  },
  {
    id: 'C52',
    about: 'two polls without a change show the same entries',
    steps: [
      register(),
      delta({ 'applications.application': actions('ADDED') }),
      delta({ 'applications.application': actions('ADDED') }),
    ],
  },
  {
    id: 'C53',
    about: 'a change that leaves the counts alone is seen in the delta',
    steps: [
      register(),
      delta({ 'applications.apps__hashcode': 'UP_1_' }),
      put(`${I1}/metadata?k=v2`),
      get('B/apps/delta', {
        status: 200,
        body: 'json',
        shows: [/"k":"v2"/],
        has: { 'applications.apps__hashcode': 'UP_1_', 'applications.versions__delta': (at: string) => Number(at) > 1 },
      }),
    ],
  },
  {
    id: 'C54',
    about: 'the delta forgets',
    needs: 'short-delta',
    steps: [
      register(),
      delta({ 'applications.application': actions('ADDED') }),
      {
        ...delta({ 'applications.application': [], 'applications.apps__hashcode': 'UP_1_' }),
        withinMs: 15_000,
      },
    ],
  },
  {
    id: 'C55',
    about: 'the hash counts every status',
    steps: [
      ...['UP', 'UP', 'UP', 'DOWN', 'STARTING'].map((status, index) => register({ instanceId: `n${index}`, status })),
      get('B/apps', { status: 200, body: 'json', has: { 'applications.apps__hashcode': 'DOWN_1_STARTING_1_UP_3_' } }),
      delta({ 'applications.apps__hashcode': 'DOWN_1_STARTING_1_UP_3_' }),
    ],
  },
  {
    id: 'C56',
    about: 'delta switched off',
    needs: 'delta-off',
    steps: [error('GET', 'B/apps/delta', 403), get('B/apps', { status: 200, body: 'json' })],
  },
  {
    id: 'C57',
    about: 'reads before the registry is known',
    deviation: 'no-access-gate',
    steps: [
      register(),
      get('B/apps', { status: 200, body: 'json' }),
      delta({ 'applications.apps__hashcode': 'UP_1_' }),
      get('B/instances/i1', { status: 200, body: 'json' }),
      put(I1),
    ],
  },
  {
    id: 'C58',
    about: 'VIPs are exact, one of a comma list',
    steps: [
      register({ vipAddress: 'a,b' }),
      get('B/vips/b', {
        status: 200,
        body: 'json',
        has: { 'applications.application.0.instance.0.instanceId': 'i1', 'applications.versions__delta': '-1' },
      }),
      ...['B/vips/B', 'B/svips/none', 'B/vips/a,b'].map((path) =>
        get(path, { status: 200, body: 'json', has: { 'applications.application': [] } }),
      ),
    ],
  },
  {
    id: 'C59',
    about: 'an instance that never beats is evicted',
    needs: 'fast-eviction',
    steps: [
      register(SHORT_LEASE),
      shows({ instanceId: 'i1' }),
      { ...get('B/apps', { status: 200, body: 'json', has: { 'applications.application': [] } }), withinMs: 10_000 },
      delta({ 'applications.application': actions('DELETED') }),
    ],
  },
  {
    id: 'C60',
    about: 'a lease ends one duration after the last heartbeat',
    needs: 'fast-eviction',
    deviation: 'honest-leases',
    steps: [
      register(SHORT_LEASE),
      put(I1),
      { ...get('B/apps', { status: 200, body: 'json', has: { 'applications.application': [] } }), withinMs: 10_000 },
    ],
  },
  {
    id: 'C61',
    about: 'half of the instances fall silent',
    needs: 'fast-eviction',
    deviation: 'self-preservation',
    steps: [
      ...Array.from({ length: 10 }, (_, index) => register({ instanceId: `live${index}` })),
      ...Array.from({ length: 10 }, (_, index) => register({ ...SHORT_LEASE, instanceId: `dead${index}` })),
      {
        ...get('B/apps', { status: 200, body: 'json', has: { 'applications.application.0.instance.length': 20 } }),
        afterMs: 3_500,
      },
    ],
  },
  {
    id: 'C62',
    about: 'a small group is always evicted on time',
    needs: 'fast-eviction',
    deviation: 'self-preservation',
    steps: [
      register({ ...SHORT_LEASE, instanceId: 'dead' }),
      {
        ...get('B/apps', { status: 200, body: 'json', has: { 'applications.application': [] } }),
        withinMs: 10_000,
      },
    ],
  },
  {
    id: 'C63',
    about: 'a batch about nobody',
    steps: [batch([heartbeat('zz'), { appName: 'BILLING', id: 'zz', action: 'Cancel' }], [404, 404])],
  },
  {
    id: 'C64',
    about: 'heartbeats of a peer: older, equal, newer',
    steps: [
      register(),
      batch([heartbeat('i1', 500)], [409], { 'responseList.0.responseEntity.lastDirtyTimestamp': '1000' }),
      batch([heartbeat('i1', 1000)], [200]),
      batch([heartbeat('i1', 2000)], [404]),
    ],
  },
  {
    id: 'C65',
    about: "a peer's registration",
    steps: [
      batch(
        [{ appName: 'BILLING', id: 'i1', action: 'Register', status: 'UP', lastDirtyTimestamp: 1000, instanceInfo: R }],
        [200],
      ),
      shows({ status: 'UP', lastDirtyTimestamp: '1000' }),
    ],
  },
  {
    id: 'C66',
    about: "a peer's overrides",
    steps: [
      register(),
      batch(
        [{ appName: 'BILLING', id: 'i1', action: 'StatusUpdate', status: 'DOWN', lastDirtyTimestamp: 1001 }],
        [200],
      ),
      shows({ status: 'DOWN' }),
      batch(
        [{ appName: 'BILLING', id: 'i1', action: 'DeleteStatusOverride', status: 'UP', lastDirtyTimestamp: 1002 }],
        [200],
      ),
      shows({ status: 'UP', overriddenStatus: 'UNKNOWN' }),
    ],
  },
  {
    id: 'C67',
    about: 'one bad item does not spoil a batch',
    steps: [
      register(),
      batch(
        [heartbeat('i1', 1000), { appName: 'BILLING', id: 'i1', action: 'Register' }, heartbeat('i1', 1000)],
        [200, 500, 200],
      ),
    ],
  },
  {
    id: 'C68',
    about: 'a batch is answered without compression',
    steps: [
      register(),
      batch(
        [heartbeat('i1', 1000)],
        [200],
        {},
        {
          'user-agent': 'Java-EurekaClient-Replication/v1.10.18',
          'accept-encoding': 'gzip',
        },
      ),
    ],
  },
  {
    id: 'C69',
    about: 'a compressed registration',
    steps: [
      {
        ask: {
          method: 'POST',
          path: 'B/apps/BILLING',
          headers: { ...JSON_ACCEPT, ...JSON_TYPE, 'content-encoding': 'gzip' },
          body: gzipSync(JSON.stringify({ instance: R })),
        },
        expect: NO_CONTENT,
        stock: { deviation: 'gzip-requests', expect: { status: 400 } },
      },
    ],
  },
  {
    id: 'C70',
    about: 'metadata keys as names of XML elements',
    steps: [
      register({ metadata: { my_key: '1', 'a b': '2', $x: '3', '9z': '4' } }),
      get(
        'B/apps',
        { status: 200, body: 'xml', shows: [/<my__key>/, /<a_\.0020b>/, /<_-x>/, /<_\.0039z>/] },
        XML_ACCEPT,
      ),
    ],
  },
  {
    id: 'C71',
    about: 'Amazon without an instance id',
    steps: [
      register({ dataCenterInfo: AMAZON }),
      shows({ 'dataCenterInfo.metadata.instance-id': 'i1', 'dataCenterInfo.name': 'Amazon' }),
    ],
  },
  {
    id: 'C72',
    about: 'autoscaling groups are no business of ours',
    steps: [error('PUT', 'B/asg/g1/status?value=DISABLED', 400), error('PUT', 'B/asg/g1/status', 400)],
  },
  {
    id: 'C73',
    about: 'a region that nobody configured',
    steps: [
      register(),
      get('B/apps?regions=us-west-2', { status: 200, body: 'json', has: { 'applications.apps__hashcode': 'UP_1_' } }),
    ],
  },
  {
    id: 'C74',
    about: 'no 404 has a body',
    steps: [
      error('PUT', 'B/apps/NOPE/zz', 404),
      error('DELETE', 'B/apps/NOPE/zz', 404),
      error('PUT', 'B/apps/NOPE/zz/status?value=UP', 404),
      error('DELETE', 'B/apps/NOPE/zz/status', 404),
      error('PUT', 'B/apps/NOPE/zz/metadata?k=v', 404),
      {
        ask: { method: 'PUT', path: 'B/apps/NOPE/zz', headers: AS_PEER },
        expect: { status: 404, body: 'empty' },
        stock: { deviation: 'empty-errors', expect: { status: 404 } },
      },
    ],
  },
];
