import { expect, test } from 'vitest';
import { instanceKey } from '../store/instance-key.ts';
import { cancelRule } from './cancel-rule.ts';
import { aHeld, aRecord } from './records.fixture.ts';

const KEY = instanceKey('BILLING', 'i1');
const ARRIVED = 50_000;

function registeredAt(at: number) {
  return aHeld(aRecord({}, { registeredAt: at }));
}

test.each([
  { what: 'what was held when it came', known: 49_000, stands: 49_000, is: 'remove' },
  // The node that accepted it is ahead of this one by some ms.
  { what: 'what was held when it came, by a later time of another node', known: 50_030, stands: 50_030, is: 'remove' },
  {
    what: 'what had not been heard of here, by a later time of another node',
    known: undefined,
    stands: 50_030,
    is: 'remove',
  },
  { what: 'what was registered anew after it came', known: 49_000, stands: 50_030, is: 'keep' },
  { what: 'what had not been heard of and came seconds later', known: undefined, stands: 53_000, is: 'keep' },
])('a cancel of $what: $is', ({ known, stands, is }) => {
  const rule = cancelRule(KEY, ARRIVED, known === undefined ? undefined : registeredAt(known));
  expect(rule(registeredAt(stands), 55_000)).toMatchObject({ is, answer: { is: 'done' } });
});

test('a cancel of what nobody holds is unknown, and remembered', () => {
  expect(cancelRule(KEY, ARRIVED, undefined)(undefined, ARRIVED)).toMatchObject({
    is: 'remove',
    answer: { is: 'unknown' },
    removal: { why: 'cancel', cancelledAt: ARRIVED },
  });
});
