import { seededRandom } from '@heureka/client-sdk/runtime';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { instanceKey } from '../store/instance-key.ts';
import type { Hold } from '../store/registry-store.ts';
import { groupsOf, JUDGE_DEFAULTS, judge, type Lease, type PlacedHold } from './judge.ts';
import { anInfo } from './records.fixture.ts';

const NOW = 1_000_000;
const lease = (id: number, groups: readonly string[], silentMs: number, more: Partial<Lease> = {}): Lease => ({
  key: instanceKey('APP', String(id)),
  groups,
  heard: NOW - silentMs,
  born: 0,
  duration: 90_000,
  interval: 30_000,
  ...more,
});
const placed = (hold: PlacedHold): Hold => ({ ...hold, at: hold.since, by: 'node' });
const keys = (leases: readonly Lease[]): string[] => leases.map(({ key }) => key).sort();

/** Leases in groups of any size, with any silence. */
const anyLeases = fc
  .array(fc.record({ service: fc.nat(3), zone: fc.nat(2), silentMs: fc.nat(200_000), born: fc.nat(NOW) }), {
    maxLength: 40,
  })
  .map((all) =>
    all.map(({ service, zone, silentMs, born }, id) =>
      lease(id, [`service ${service}`, `zone ${zone}`], silentMs, { born: Math.min(born, NOW - silentMs) }),
    ),
  );

test('while every group has at most 6 members, exactly the expired are evicted and nothing is held', () => {
  const small = fc.array(fc.nat(200_000), { maxLength: 6 });
  fc.assert(
    fc.property(small, (silences) => {
      const leases = silences.map((silentMs, id) => lease(id, ['service X', 'zone a'], silentMs));
      const { evict, place } = judge(leases, [], NOW);
      expect(keys(evict)).toEqual(keys(leases.filter(({ heard }) => NOW - heard >= 90_000)));
      expect(place).toEqual([]);
    }),
    { numRuns: 20_000 },
  );
});

test('only expired leases are evicted, in whatever order they come', () => {
  fc.assert(
    fc.property(anyLeases, fc.integer(), (leases, seed) => {
      const random = seededRandom(seed);
      const shuffled = [...leases].sort(() => random() - 0.5);
      const one = judge(leases, [], NOW);
      const other = judge(shuffled, [], NOW);
      expect(keys(other.evict)).toEqual(keys(one.evict));
      expect([...other.place].sort(byGroup)).toEqual([...one.place].sort(byGroup));
      expect(one.evict.every(({ heard, duration }) => NOW - heard >= duration)).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});
const byGroup = (a: PlacedHold, b: PlacedHold): number => (a.group < b.group ? -1 : 1);

test('more than a third of a group of 7 silent: they are held with their numbers, and nobody of them is evicted', () => {
  const leases = Array.from({ length: 40 }, (_, id) => lease(id, ['zone b'], id < 16 ? 91_000 : 5_000));
  const { evict, place } = judge(leases, [], NOW);
  expect(evict).toEqual([]);
  expect(place).toEqual([{ group: 'zone b', since: NOW, until: NOW + 300_000, lost: 16, known: 40 }]);
});

test('ordinary deaths are evicted: one host with 3 of 20, 10 of 30, a rolling deploy with its replacements', () => {
  for (const [dead, members] of [
    [3, 20],
    [7, 35],
    [10, 30],
  ] as const) {
    const leases = Array.from({ length: members }, (_, id) => lease(id, ['service X'], id < dead ? 91_000 : 2_000));
    expect(judge(leases, [], NOW).evict).toHaveLength(dead);
  }
  const deployed = Array.from({ length: 40 }, (_, id) =>
    id < 20 ? lease(id, ['service X'], 91_000) : lease(id, ['service X'], 2_000, { born: NOW - 60_000 }),
  );
  expect(judge(deployed, [], NOW).evict).toHaveLength(20);
});

test('a running hold spares those not heard since it was placed; one that has run out lets them go and is not placed again', () => {
  const leases = Array.from({ length: 10 }, (_, id) => lease(id, ['zone b'], 100_000));
  const [hold] = judge(leases, [], NOW - 1_000).place.map(placed);
  expect(judge(leases, [hold!], NOW)).toEqual({ evict: [], place: [], end: [] });

  const over = judge(leases, [hold!], hold!.until);
  expect(over.evict).toHaveLength(10);
  expect(over.place).toEqual([]);
});

test('who beats leaves the hold, and a hold that covers nobody ends', () => {
  const leases = Array.from({ length: 10 }, (_, id) => lease(id, ['zone b'], 100_000));
  const [hold] = judge(leases, [], NOW).place.map(placed);
  const back = leases.map((each) => ({ ...each, heard: NOW + 1_000 }));

  expect(judge(back.slice(0, 5).concat(leases.slice(5)), [hold!], NOW + 2_000).end).toEqual([]);
  expect(judge(back, [hold!], NOW + 2_000).end).toEqual([hold]);
});

test('an instance is judged as of its service and as of its zone; without zone it belongs to the nameless one', () => {
  expect(groupsOf(anInfo({ app: 'ORDERS', metadata: { zone: 'b' } }))).toEqual(['service ORDERS', 'zone b']);
  expect(groupsOf(anInfo({ app: 'ORDERS' }))).toEqual(['service ORDERS', 'zone (none)']);
  const amazon = { name: 'Amazon', metadata: { 'availability-zone': 'us-east-1c' } } as const;
  expect(groupsOf(anInfo({ app: 'ORDERS', dataCenterInfo: amazon }))).toEqual(['service ORDERS', 'zone us-east-1c']);
});

interface World {
  readonly leases: { lease: Lease; beatAt: number; heard: number; cut: boolean; dead: boolean }[];
  evictedLiving: number;
  evictedDead: number[];
}

/** Instances beat at their own phases while a sweep judges each second; `cut` ones are not heard for a time, `dead` ones never again. */
function simulate(seed: number, options: { mixed: boolean; deafMs: number; deadShare: number; zones: number }): World {
  const random = seededRandom(seed);
  const start = 1_000_000;
  const cutAt = start + 200_000;
  const members = 20 + Math.floor(random() * 40);
  const world: World = { leases: [], evictedLiving: 0, evictedDead: [] };
  for (let id = 0; id < members; id++) {
    const quick = options.mixed && random() < 0.5;
    const interval = quick ? 10_000 : 30_000;
    const groups = [`service ${id % 3}`, `zone ${id % options.zones}`];
    const phase = random() * interval;
    world.leases.push({
      lease: { ...lease(id, groups, 0), born: start, heard: start, interval, duration: interval * 3 },
      beatAt: start + phase,
      heard: start + phase,
      cut: id % options.zones === 0 && options.deafMs > 0,
      dead: random() < options.deadShare,
    });
  }
  let holds: Hold[] = [];
  let held = world.leases;
  for (let now = start; now < cutAt + options.deafMs + 400_000 && held.length > 0; now += 1_000) {
    for (const one of held) {
      while (one.beatAt <= now) {
        const deaf = one.cut && one.beatAt >= cutAt && one.beatAt < cutAt + options.deafMs;
        if (!deaf && !(one.dead && one.beatAt >= cutAt)) one.heard = one.beatAt;
        one.beatAt += one.lease.interval;
      }
    }
    const { evict, place, end } = judge(
      held.map(({ lease, heard }) => ({ ...lease, heard })),
      holds,
      now,
    );
    holds = [...holds.filter((hold) => !end.includes(hold) && !place.some(({ group }) => group === hold.group))];
    holds.push(...place.map(placed));
    const gone = new Set(evict.map(({ key }) => key));
    for (const one of held) {
      if (!gone.has(one.lease.key)) continue;
      if (one.dead) world.evictedDead.push(now - one.heard - one.lease.duration);
      else world.evictedLiving++;
    }
    held = held.filter(({ lease }) => !gone.has(lease.key));
  }
  return world;
}

test.each([
  { what: 'uniform leases', mixed: false },
  { what: 'leases of 10/30 and 30/90 mixed', mixed: true },
])('a zone that falls deaf for less than a hold loses nobody: 300 runs, $what', ({ mixed }) => {
  let evicted = 0;
  for (let seed = 0; seed < 300; seed++) {
    evicted += simulate(seed, { mixed, deafMs: 200_000, deadShare: 0, zones: 2 }).evictedLiving;
  }
  console.log(`judge: a zone deaf, ${mixed ? 'mixed' : 'uniform'} leases, 300 runs: ${evicted} living evicted`);
  expect(evicted).toBe(0);
});

test('under a fifth dead, everywhere: all of them are evicted, nobody else is', () => {
  let living = 0;
  let dead = 0;
  for (let seed = 0; seed < 200; seed++) {
    const world = simulate(seed, { mixed: true, deafMs: 0, deadShare: 0.12, zones: 3 });
    living += world.evictedLiving;
    dead += world.evictedDead.length;
    expect(world.evictedDead.length).toBe(world.leases.filter((one) => one.dead).length);
  }
  expect(living).toBe(0);
  expect(dead).toBeGreaterThan(500);
});

test('judging 100,000 leases is one pass, not one for each group', () => {
  const leases = Array.from({ length: 100_000 }, (_, id) =>
    lease(id, [`service ${id % 5_000}`, `zone ${id % 3}`], id % 53 === 0 ? 91_000 : 1_000),
  );
  let asked = 0;
  const counted = leases.map((each) => ({
    ...each,
    get groups() {
      asked++;
      return each.groups;
    },
  }));
  expect(judge(counted, [], NOW, JUDGE_DEFAULTS).evict).toHaveLength(Math.ceil(100_000 / 53));
  expect(asked).toBeLessThan(6 * leases.length);
});
