import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Instance } from '../api.ts';
import { anInstance } from '../testing/an-instance.ts';
import { subset } from './subset.ts';

const aFleet = (count: number, zones = 3): Instance[] =>
  Array.from({ length: count }, (_, index) =>
    anInstance({ address: `10.0.${index >> 8}.${index & 255}`, port: 8000 + (index % 3), zone: `z${index % zones}` }),
  );

const ids = (instances: readonly Instance[]): Set<string> => new Set(instances.map(({ id }) => id));
const without = (a: ReadonlySet<string>, b: ReadonlySet<string>): string[] => [...a].filter((id) => !b.has(id));

test('up to 100 instances all are used; above, twenty or three a zone, each zone in proportion', () => {
  expect(subset(aFleet(100), 1)).toHaveLength(100);
  expect(subset(aFleet(101), 1)).toHaveLength(20);
  expect(subset(aFleet(500, 10), 1)).toHaveLength(30);

  const lopsided = [
    ...aFleet(298, 1),
    anInstance({ address: '10.9.9.9', zone: 'small' }),
    anInstance({ address: '10.9.9.8' }),
  ];
  const zones = subset(lopsided, 1).map(({ zone }) => zone);
  expect(new Set(zones)).toEqual(new Set(['z0', 'small', undefined]));
  expect(zones.filter((zone) => zone === 'z0')).toHaveLength(18);
});

test('the order of the list does not matter', () => {
  const fleet = aFleet(300);
  expect(ids(subset([...fleet].reverse(), 5))).toEqual(ids(subset(fleet, 5)));
});

test('one server that joins or leaves changes at most one member', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 102, max: 400 }),
      fc.integer(),
      fc.nat(),
      fc.integer({ min: 1, max: 6 }),
      (count, seed, at, zones) => {
        const fleet = aFleet(count, zones);
        const before = ids(subset(fleet, seed));
        const after = ids(subset(fleet.toSpliced(at % count, 1), seed));
        expect(without(before, after).length).toBeLessThanOrEqual(1);
        expect(without(after, before).length).toBeLessThanOrEqual(1);
      },
    ),
    { numRuns: 300 },
  );
});

test('many clients together use all servers about alike', () => {
  const fleet = aFleet(200);
  const uses = new Map<string, number>();
  for (let client = 0; client < 1_000; client++) {
    for (const { id } of subset(fleet, client * 2_654_435_761)) uses.set(id, (uses.get(id) ?? 0) + 1);
  }
  // 100 each; four standard deviations.
  expect(uses.size).toBe(200);
  for (const count of uses.values()) expect(Math.abs(count - 100)).toBeLessThan(42);
});
