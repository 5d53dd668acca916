import { expect, test } from 'vitest';
import type { InstanceRecord } from '../store/instance-record.ts';
import { aHeld, anInfo, aRecord } from './records.fixture.ts';
import { registrationRule } from './registration-rule.ts';

const NOW = 50_000;
const OVERRIDDEN = { status: 'OUT_OF_SERVICE', setAt: 7 } as const;

/** The record that a registration makes of what is held. */
function registered(info: Parameters<typeof anInfo>[0], stored?: InstanceRecord, replication = false): InstanceRecord {
  const held = stored === undefined ? undefined : aHeld(stored);
  const decision = registrationRule(anInfo(info), replication)(held, NOW);
  if (decision.is !== 'put') throw new Error(`it is ${decision.is}`);
  expect(decision).toMatchObject({ why: 'register', beat: true, answer: { is: 'done' } });
  return decision.record;
}

test('a new instance is kept as it came, and its lease begins', () => {
  expect(registered({ vipAddress: 'v' })).toMatchObject({
    info: { vipAddress: 'v', status: 'UP', lastDirtyTimestamp: 1_000 },
    registeredAt: NOW,
    acceptedAt: NOW,
    serviceUpAt: NOW,
    action: 'ADDED',
  });
});

test('an older registration begins the lease anew and changes nothing else; an equally old one replaces', () => {
  const stored = aRecord({ vipAddress: 'held' });
  expect(registered({ vipAddress: 'new', lastDirtyTimestamp: 999 }, stored)).toMatchObject({
    info: { vipAddress: 'held', lastDirtyTimestamp: 1_000 },
    acceptedAt: 1,
    registeredAt: NOW,
  });
  expect(registered({ vipAddress: 'new' }, stored)).toMatchObject({ info: { vipAddress: 'new' }, acceptedAt: NOW });
});

test('a registration without timestamp is the newest', () => {
  const { lastDirtyTimestamp: _, ...silent } = anInfo();
  const decide = registrationRule({ ...silent, lastDirtyTimestamp: undefined }, false);
  const decision = decide(aHeld(aRecord({ lastDirtyTimestamp: NOW + 5 })), NOW);
  expect(decision).toMatchObject({ record: { info: { lastDirtyTimestamp: NOW + 5 } } });
});

test('an override comes with a registration only where none is known', () => {
  const bringing = { overriddenStatus: 'OUT_OF_SERVICE' } as const;
  expect(registered(bringing)).toMatchObject({
    info: { status: 'OUT_OF_SERVICE', overriddenStatus: 'UNKNOWN' },
    override: { status: 'OUT_OF_SERVICE', setAt: NOW },
  });
  const held = aRecord({ status: 'OUT_OF_SERVICE' }, { override: OVERRIDDEN });
  expect(registered({ overriddenStatus: 'DOWN' }, held)).toMatchObject({ override: OVERRIDDEN });
});

test('an older registration brings no override either', () => {
  const older = { overriddenStatus: 'OUT_OF_SERVICE', lastDirtyTimestamp: 999 } as const;
  expect(registered(older, aRecord(), true)).toMatchObject({ info: { status: 'UP' }, override: undefined });
});

test.each([
  ['UP', 'OUT_OF_SERVICE', false, 'UP'],
  ['UP', 'OUT_OF_SERVICE', true, 'OUT_OF_SERVICE'],
  ['OUT_OF_SERVICE', 'UP', false, 'OUT_OF_SERVICE'],
  ['OUT_OF_SERVICE', 'UP', true, 'UP'],
  ['UP', 'DOWN', false, 'DOWN'],
  ['DOWN', 'UP', false, 'UP'],
] as const)('%s held, %s sent (by a peer: %s) is served as %s', (held, sent, replication, served) => {
  expect(registered({ status: sent }, aRecord({ status: held }), replication).info.status).toBe(served);
});
