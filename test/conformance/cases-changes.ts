/** C29-C49: heartbeats, overrides, registering again, metadata, cancel. */
import { AS_PEER, DONE, del, emptyError, get, JSON_ACCEPT, put, register, shows } from './build.ts';
import type { Case, Step } from './case.ts';

const I1 = 'B/apps/BILLING/i1';
const error = (method: string, path: string, status: number, stockStatus = status): Step =>
  emptyError({ ask: { method, path, headers: JSON_ACCEPT } }, status, stockStatus);
const OVERRIDDEN = [register(), put(`${I1}/status?value=OUT_OF_SERVICE`)];
const delta = (has: Readonly<Record<string, unknown>>): Step => get('B/apps/delta', { status: 200, body: 'json', has });
const inDelta = (action: string) => (applications: unknown) =>
  (applications as { name: string; instance: { instanceId?: string; actionType: string }[] }[])
    .find(({ name }) => name === 'BILLING')
    ?.instance.filter(({ instanceId }) => instanceId === 'i1')
    .every(({ actionType }) => actionType === action) === true;

export const CHANGES: readonly Case[] = [
  { id: 'C29', about: 'a heartbeat', steps: [register(), put(I1)] },
  {
    id: 'C30',
    about: 'a heartbeat with the stored timestamp',
    steps: [register(), put(`${I1}?status=UP&lastDirtyTimestamp=1000`)],
  },
  {
    id: 'C31',
    about: 'a heartbeat with a newer timestamp asks for a registration, and extends the lease',
    steps: [
      register(),
      { ...error('PUT', `${I1}?lastDirtyTimestamp=2000`, 404), afterMs: 20 },
      shows({ lastDirtyTimestamp: '1000', status: 'UP', 'leaseInfo.lastRenewalTimestamp': (at: number) => at > 1000 }),
    ],
  },
  {
    id: 'C32',
    about: 'a heartbeat with an older timestamp is fine',
    steps: [register(), put(`${I1}?lastDirtyTimestamp=500`)],
  },
  {
    id: 'C33',
    about: "a peer's older heartbeat gets our copy",
    steps: [
      register(),
      put(
        `${I1}?lastDirtyTimestamp=500`,
        { status: 409, body: 'json', has: { 'instance.lastDirtyTimestamp': '1000' } },
        { ...JSON_ACCEPT, ...AS_PEER },
      ),
      put(`${I1}?lastDirtyTimestamp=500`, { status: 409, body: 'xml', shows: [/<instance>/] }, AS_PEER),
    ],
  },
  {
    id: 'C34',
    about: "a peer's newer heartbeat brings its override",
    steps: [
      register(),
      {
        ask: {
          method: 'PUT',
          path: `${I1}?lastDirtyTimestamp=2000&overriddenstatus=OUT_OF_SERVICE`,
          headers: { ...JSON_ACCEPT, ...AS_PEER },
        },
        expect: { status: 404, body: 'empty' },
        stock: { deviation: 'empty-errors', expect: { status: 404 } },
      },
      shows({ overriddenStatus: 'OUT_OF_SERVICE' }),
      put(I1),
      shows({ overriddenStatus: 'OUT_OF_SERVICE', status: 'OUT_OF_SERVICE' }),
    ],
  },
  { id: 'C35', about: 'a heartbeat of nobody', steps: [error('PUT', 'B/apps/BILLING/zz', 404)] },
  {
    id: 'C36',
    about: 'a heartbeat with a body, or with a type and no body',
    steps: [
      register(),
      {
        ask: { method: 'PUT', path: I1, headers: { ...JSON_ACCEPT, 'content-type': 'application/json' }, body: '{}' },
        expect: DONE,
      },
      put(I1, DONE, { ...JSON_ACCEPT, 'content-type': 'application/json' }),
    ],
  },
  {
    id: 'C37',
    about: 'an override',
    steps: [
      ...OVERRIDDEN,
      shows({ status: 'OUT_OF_SERVICE', overriddenStatus: 'OUT_OF_SERVICE' }),
      delta({
        'applications.apps__hashcode': 'OUT_OF_SERVICE_1_',
        'applications.application': inDelta('MODIFIED'),
      }),
    ],
  },
  {
    id: 'C38',
    about: 'an override outlives heartbeats and registrations',
    steps: [...OVERRIDDEN, put(I1), register({ lastDirtyTimestamp: '1001' }), shows({ status: 'OUT_OF_SERVICE' })],
  },
  {
    id: 'C39',
    about: 'DOWN is shown in spite of an override',
    steps: [
      ...OVERRIDDEN,
      register({ status: 'DOWN', lastDirtyTimestamp: '1002' }),
      shows({ status: 'DOWN', overriddenStatus: 'OUT_OF_SERVICE' }),
    ],
  },
  {
    id: 'C40',
    about: 'an override is cleared: the client registers again with its own status',
    steps: [
      ...OVERRIDDEN,
      del(`${I1}/status`),
      shows({ status: 'UNKNOWN', overriddenStatus: 'UNKNOWN' }),
      error('PUT', I1, 404),
      register({ lastDirtyTimestamp: '1003' }),
      shows({ status: 'UP' }),
    ],
  },
  {
    id: 'C41',
    about: 'an override is cleared to a status',
    steps: [...OVERRIDDEN, del(`${I1}/status?value=UP`), shows({ status: 'UP', overriddenStatus: 'UNKNOWN' }), put(I1)],
  },
  {
    id: 'C42',
    about: 'clearing where there is no override changes nothing',
    steps: [register(), del(`${I1}/status`), shows({ status: 'UP', overriddenStatus: 'UNKNOWN' })],
  },
  {
    id: 'C43',
    about: 'overriding with the status that stands records none',
    steps: [register(), put(`${I1}/status?value=UP`), shows({ status: 'UP', overriddenStatus: 'UNKNOWN' })],
  },
  {
    id: 'C44',
    about: 'bad overrides change nothing',
    steps: [
      register(),
      error('PUT', 'B/apps/BILLING/zz/status?value=UP', 404),
      error('PUT', 'B/apps/BILLING/zz/status?value=bogus', 404),
      error('PUT', `${I1}/status?value=bogus`, 400, 500),
      error('PUT', `${I1}/status?value=down`, 400, 500),
      error('PUT', `${I1}/status`, 400, 500),
      shows({ status: 'UP', overriddenStatus: 'UNKNOWN' }),
    ],
  },
  {
    id: 'C45',
    about: 'OUT_OF_SERVICE by registration counts from peers only',
    steps: [
      register(),
      register({ status: 'OUT_OF_SERVICE', lastDirtyTimestamp: '1003' }),
      shows({ status: 'UP' }),
      register({ status: 'OUT_OF_SERVICE', lastDirtyTimestamp: '1004' }, { headers: AS_PEER }),
      shows({ status: 'OUT_OF_SERVICE' }),
    ],
  },
  {
    id: 'C46',
    about: 'an older registration keeps what is stored',
    steps: [
      register({ metadata: { a: '1' } }),
      register({ lastDirtyTimestamp: '900', metadata: { a: '2' } }),
      shows({ lastDirtyTimestamp: '1000', 'metadata.a': '1' }),
    ],
  },
  {
    id: 'C47',
    about: 'an equally old registration overwrites',
    steps: [register({ metadata: { a: '1' } }), register({ metadata: { a: '2' } }), shows({ 'metadata.a': '2' })],
  },
  {
    id: 'C48',
    about: 'metadata by query',
    steps: [
      register(),
      put(`${I1}/metadata?zone=z9&k=v`),
      shows({ 'metadata.zone': 'z9', 'metadata.k': 'v', lastDirtyTimestamp: '1000' }),
      delta({ 'applications.application': inDelta('ADDED') }),
      error('PUT', 'B/apps/BILLING/zz/metadata?k=v', 404),
    ],
  },
  {
    id: 'C49',
    about: 'cancel, and cancel again',
    steps: [
      register(),
      del(I1),
      error('DELETE', I1, 404),
      get('B/apps', { status: 200, body: 'json', has: { 'applications.application': [] } }),
      error('GET', 'B/apps/BILLING', 404),
    ],
  },
];
