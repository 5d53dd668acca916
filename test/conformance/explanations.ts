/**
 * Single answers of ours that differ from the recorded ones on purpose: which, by which deviation, and what ours must be instead. Deviations
 * that show everywhere (`empty-errors`, `caller-errors` of overrides) are rules in `replay.ts`.
 */
import type { Expected } from './case.ts';
import type { DeviationName } from './deviations.ts';

export type Explanation = {
  /** Such as `C57`, or a file's name below `samples/`. */
  readonly recording: string;
  /** Numbers of its requests, from 1. */
  readonly requests: readonly number[];
  readonly deviation: DeviationName;
} & (
  | {
      /** What ours must be. */
      readonly expect: Expected;
    }
  | {
      /** The same answer, but for these values at these paths of its normalised body. */
      readonly but: Readonly<Record<string, unknown>>;
    }
);

const json = (has: Expected['has'] = {}): Expected => ({ status: 200, body: 'json', has });
const xml = (...shows: readonly RegExp[]): Expected => ({ status: 200, body: 'xml', shows });
const EMPTY_404: Expected = { status: 404, body: 'empty' };
const REGISTERED: Expected = { status: 204, body: 'empty' };
const NONE: Expected = json({ 'applications.application': [] });
const I1 = 'applications.application.0.instance.0';

export const EXPLANATIONS: readonly Explanation[] = [
  { recording: 'C05', requests: [3], deviation: 'tolerant-input', expect: json({ [`${I1}.instanceId`]: 'i1' }) },
  { recording: 'C18', requests: [1], deviation: 'tolerant-input', expect: REGISTERED },
  {
    recording: 'C18',
    requests: [2],
    deviation: 'tolerant-input',
    expect: json({ [`${I1}.dataCenterInfo.@class`]: 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo' }),
  },

  // An override that a peer's heartbeat brought is a change of the record, and is listed as one.
  { recording: 'C34', requests: [3, 5], deviation: 'announced-status', but: { 'instance.actionType': 'MODIFIED' } },
  {
    recording: 'replication/batch-heartbeat-overrides',
    requests: [9, 11],
    deviation: 'announced-status',
    but: { 'instance.actionType': 'MODIFIED' },
  },

  ...[
    { recording: 'C37', requests: [10], status: 'OUT_OF_SERVICE' },
    { recording: 'C40', requests: [5], status: 'UNKNOWN' },
    { recording: 'C45b', requests: [4], status: 'OUT_OF_SERVICE' },
    { recording: 'samples', requests: [29, 31, 71, 73], status: 'OUT_OF_SERVICE' },
  ].map(({ recording, requests, status }) => ({
    recording,
    requests,
    deviation: 'true-status' as const,
    but: { 'instance.0.status': [status] },
  })),

  ...[
    { requests: [3, 5], expect: json({ 'applications.apps__hashcode': 'UP_1_' }) },
    { requests: [4, 6], expect: xml(/<apps__hashcode>UP_1_</) },
    { requests: [7], expect: json({ 'application.instance.0.instanceId': 'i1' }) },
    { requests: [8], expect: xml(/^<application>/, /<instanceId>i1</) },
    { requests: [9, 10], expect: EMPTY_404 },
    { requests: [11], expect: json({ [`${I1}.instanceId`]: 'i1' }) },
    { requests: [12], expect: xml(/<instanceId>i1</) },
    { requests: [13], expect: NONE },
    { requests: [14], expect: xml(/<apps__hashcode></) },
  ].map((one) => ({ recording: 'C57', deviation: 'no-access-gate' as const, ...one })),

  { recording: 'C60', requests: [3], deviation: 'honest-leases', expect: NONE },
  {
    // Ten of twenty fall silent at once: all of them are held. Stock takes three, and three, and three.
    recording: 'C61',
    requests: [22, 23, 24, 25],
    deviation: 'self-preservation',
    expect: json({ 'applications.application.0.instance.length': 20 }),
  },
  { recording: 'C62', requests: [2], deviation: 'self-preservation', expect: NONE },
  { recording: 'C62', requests: [3, 4, 5], deviation: 'self-preservation', expect: EMPTY_404 },

  { recording: 'C69', requests: [1], deviation: 'gzip-requests', expect: REGISTERED },
  { recording: 'C69', requests: [2], deviation: 'gzip-requests', expect: json({ [`${I1}.instanceId`]: 'i1' }) },
  {
    recording: 'C69',
    requests: [3],
    deviation: 'gzip-requests',
    expect: json({ 'responseList.0.statusCode': (code: unknown) => typeof code === 'number' }),
  },

  { recording: 'C71', requests: [1], deviation: 'no-poison', expect: REGISTERED },
  {
    recording: 'C71',
    requests: [2],
    deviation: 'no-poison',
    expect: json({ [`${I1}.dataCenterInfo.metadata`]: { 'instance-id': 'i1' } }),
  },
  { recording: 'C71', requests: [3], deviation: 'no-poison', expect: xml(/<instance-id>i1<\/instance-id>/) },

  {
    recording: 'replication/batch-actions-missing',
    requests: [7, 8],
    deviation: 'tolerant-input',
    but: { responseList: [{ statusCode: 200 }] },
  },
  {
    recording: 'replication/batch-empty',
    requests: [2, 3, 4, 5],
    deviation: 'caller-errors',
    expect: { status: 400, body: { text: '{"error": "cannot parse request body"}' } },
  },
  {
    recording: 'replication/batch-heartbeat-overrides',
    requests: [6],
    deviation: 'tolerant-input',
    but: { responseList: [{ statusCode: 404 }] },
  },
  {
    recording: 'replication/batch-register-wrapped',
    requests: [1],
    deviation: 'tolerant-input',
    but: { responseList: [{ statusCode: 200 }] },
  },
  {
    recording: 'replication/batch-unreadable',
    requests: [1],
    deviation: 'tolerant-input',
    expect: json({ responseList: [{ statusCode: 404 }] }),
  },
  {
    recording: 'replication/batch-unreadable',
    requests: [7],
    deviation: 'tolerant-input',
    expect: json({ responseList: [] }),
  },

  ...[
    { requests: [5, 7, 17], expect: json({ 'applications.apps__hashcode': 'UP_2_' }) },
    { requests: [6, 8], expect: xml(/<apps__hashcode>UP_2_</) },
    { requests: [9], expect: json({ 'application.instance.0.dataCenterInfo.name': 'Amazon' }) },
    { requests: [10], expect: xml(/<name>Amazon</) },
    { requests: [11], expect: json({ 'instance.dataCenterInfo.@class': 'com.netflix.appinfo.AmazonInfo' }) },
    { requests: [12], expect: xml(/<dataCenterInfo class="com.netflix.appinfo.AmazonInfo">/) },
    { requests: [15], expect: json({ [`${I1}.instanceId`]: 'i1' }) },
    { requests: [16], expect: xml(/<instanceId>i1</) },
  ].map((one) => ({ recording: 'poisoned', deviation: 'no-poison' as const, ...one })),

  { recording: 'status', requests: [1, 2], deviation: 'status-answers', expect: xml(/^<status><generalStats>/) },
  {
    recording: 'status',
    requests: [3],
    deviation: 'status-answers',
    expect: json({ 'generalStats.instances': '0' }),
  },
  { recording: 'status', requests: [4], deviation: 'status-overrides', expect: { status: 200, body: { text: '{}' } } },
];
