import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ZoneCount, type ZoneQuestion, zoneShares } from './zones.ts';

const counts = (eligible: readonly number[], up: readonly number[] = eligible): ZoneCount[] =>
  eligible.map((count, index) => ({ zone: 'abcdef'[index]!, up: up[index]!, eligible: count }));

const asked = (given: Partial<ZoneQuestion>): number[] | undefined =>
  zoneShares({
    mode: 'balanced',
    own: 'a',
    targets: counts([2, 4, 2]),
    callers: new Map([
      ['a', 4],
      ['b', 4],
      ['c', 2],
    ]),
    panic: false,
    ...given,
  });

const near = (shares: readonly number[]): unknown => shares.map((share) => expect.closeTo(share, 10));

test('balanced: the worked example, callers 40/40/20 and instances 25/50/25', () => {
  expect(asked({})).toEqual(near([0.625, 0.25, 0.125]));
  expect(asked({ own: 'b' })).toEqual([0, 1, 0]);
  expect(asked({ own: 'c' })).toEqual([0, 0, 1]);
});

test('balanced: all callers of one zone spread over all instances alike', () => {
  expect(asked({ callers: new Map([['a', 5]]) })).toEqual(near([0.25, 0.5, 0.25]));
});

test('balanced: a zone without instances takes nothing, and its callers go where there is room', () => {
  expect(asked({ targets: counts([0, 4, 4], [2, 4, 4]) })).toEqual(near([0, 0.25, 0.75]));
  expect(asked({ own: 'f', callers: new Map([['f', 2]]) })).toEqual(near([0.25, 0.5, 0.25]));
});

test('balanced: with fewer than six instances zones do not count; nor in panic, with one zone, or our own unknown', () => {
  expect(asked({ targets: counts([2, 2, 1]) })).toBeUndefined();
  expect(asked({ targets: counts([1, 2, 2], [2, 2, 2]) })).toBeDefined();
  expect(asked({ panic: true })).toBeUndefined();
  expect(asked({ targets: counts([8]) })).toBeUndefined();
  expect(asked({ targets: [] })).toBeUndefined();
  expect(asked({ own: undefined })).toBeUndefined();
  expect(asked({ targets: counts([0, 0, 0], [2, 4, 2]) })).toBeUndefined();
});

test('balanced without our own application listed is prefer', () => {
  for (const callers of [new Map(), new Map([['a', 1]]), new Map([['b', 7]])]) {
    expect(asked({ callers })).toEqual(asked({ mode: 'prefer' }));
  }
});

test('prefer: all at home down to 71 %, then in proportion; home needs two', () => {
  const home = (eligible: number, up: number): number | undefined =>
    asked({ mode: 'prefer', targets: counts([eligible, 6, 2], [up, 6, 2]) })?.[0];

  expect(home(10, 10)).toBe(1);
  expect(home(8, 10)).toBe(1);
  expect(home(7, 10)).toBeCloseTo(0.98);
  expect(home(5, 10)).toBeCloseTo(0.7);
  expect(home(0, 10)).toBe(0);
  expect(home(1, 1)).toBeUndefined();
  expect(asked({ mode: 'prefer', targets: counts([5, 6, 2], [10, 6, 2]) })).toEqual(near([0.7, 0.225, 0.075]));
  expect(asked({ mode: 'prefer', targets: counts([5, 0], [10, 3]) })).toEqual([1, 0]);
});

test('exclusive: home or nowhere', () => {
  expect(asked({ mode: 'exclusive' })).toEqual([1, 0, 0]);
  expect(asked({ mode: 'exclusive', panic: true, targets: counts([0, 4], [2, 4]) })).toEqual([1, 0]);
  expect(asked({ mode: 'exclusive', own: 'f' })).toEqual([0, 0, 0]);
});

test('off and bias take no zone step', () => {
  expect(asked({ mode: 'off' })).toBeUndefined();
  expect(asked({ mode: 'bias' })).toBeUndefined();
});

test('balanced: shares add up to one, and over all callers every instance gets the same rate', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(sizes, sizes, (targetSizes, callerSizes) => {
      const zones = Math.min(targetSizes.length, callerSizes.length);
      const targets = counts(targetSizes.slice(0, zones));
      const callers = new Map(callerSizes.slice(0, zones).map((count, index) => ['abcdef'[index]!, count]));
      const inAll = [...callers.values()].reduce((sum, count) => sum + count, 0);
      const instances = targets.reduce((sum, { up }) => sum + up, 0);
      fc.pre(instances >= 6 && inAll >= 2);
      const rates = targets.map(() => 0);
      for (const [own, count] of callers) {
        const shares = asked({ own, targets, callers })!;
        expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
        for (const [index, share] of shares.entries()) rates[index]! += (share * count) / inAll;
      }
      for (const [index, { up }] of targets.entries()) expect(rates[index]! / up).toBeCloseTo(1 / instances);
    }),
  );
});
