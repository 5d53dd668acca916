import fc from 'fast-check';
import { expect, test } from 'vitest';
import { appsHashCode, hashCodeOf } from './apps-hash-code.ts';
import { INSTANCE_STATUSES, type InstanceStatus } from './instance-info.ts';

const of = (...statuses: InstanceStatus[]) => appsHashCode(statuses.map((status) => ({ status })));

test('each status present is counted, in alphabetical order', () => {
  expect(of('UP', 'DOWN', 'UP', 'STARTING', 'UNKNOWN', 'OUT_OF_SERVICE', 'UP')).toBe(
    'DOWN_1_OUT_OF_SERVICE_1_STARTING_1_UNKNOWN_1_UP_3_',
  );
  expect(of('UP', 'UP')).toBe('UP_2_');
});

test('no instances have the empty hash, and a count of zero does not show', () => {
  expect(of()).toBe('');
  expect(
    hashCodeOf(
      new Map([
        ['UP', 0],
        ['DOWN', 2],
      ]),
    ),
  ).toBe('DOWN_2_');
});

test('the order of instances does not matter', () => {
  const statuses = fc.array(fc.constantFrom(...INSTANCE_STATUSES));
  fc.assert(
    fc.property(statuses, (all) => {
      expect(of(...all.toReversed())).toBe(of(...all));
    }),
  );
});
