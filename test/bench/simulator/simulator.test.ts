/** The figures that the balancer is held to, in short runs of the simulation; `main.ts` prints the long ones. */
import { expect, test } from 'vitest';
import { EventQueue } from './event-queue.ts';
import {
  allEqual,
  CONTENDERS,
  diverges,
  firstShare,
  killed,
  mended,
  oneFailing,
  oneSlow,
  oneSlowManyClients,
  recovering,
  secondsToHalfShare,
  vanished,
} from './scenarios.ts';
import { zoneRates } from './zone-rates.ts';

const TIMES = { warmMs: 15_000, measureMs: 25_000 };
const SEED = 3;

const options = (name: string) => CONTENDERS.find((contender) => contender.name === name)!.options;
const PLAIN = options('peak-ewma');
const SHIPPED = options('peak-ewma, ejections on');

test('events happen in order of time, and of planning at one time', () => {
  const events = new EventQueue();
  const happened: string[] = [];
  for (const ms of [5, 1, 9, 1, 3, 20]) events.after(ms, () => happened.push(`${ms}@${events.now}`));
  events.after(2, () => events.after(2, () => happened.push(`later@${events.now}`)));

  events.runUntil(10);

  expect(happened).toEqual(['1@1', '1@1', '3@3', 'later@4', '5@5', '9@9']);
  expect(events.now).toBe(10);
});

test('a run is told by its seed', async () => {
  const short = { warmMs: 1_000, measureMs: 2_000 };
  const [one, again, other] = [
    await allEqual(PLAIN, short, 1),
    await allEqual(PLAIN, short, 1),
    await allEqual(PLAIN, short, 2),
  ];
  expect(again.attempts).toEqual(one.attempts);
  expect(other.attempts).not.toEqual(one.attempts);
});

test.each(['round-robin', 'random', 'weighted'])('with one of ten slow, %s diverges', async (policy) => {
  expect(diverges(await oneSlow(options(policy), TIMES, SEED))).toBe(true);
});

test('with one of ten slow, p99 stays within 1.2 of all well, and the slow one gets at most 1 %', async () => {
  const well = await allEqual(SHIPPED, TIMES, SEED);
  for (const run of [oneSlow, oneSlowManyClients]) {
    const slow = await run(SHIPPED, TIMES, SEED);
    expect(slow.quantile(0.99)).toBeLessThanOrEqual(well.quantile(0.99) * 1.2);
    expect(firstShare(slow)).toBeLessThanOrEqual(0.01);
  }
  const leastRequest = await oneSlow(options('least-request'), TIMES, SEED);
  expect(leastRequest.quantile(0.99)).toBeGreaterThan(well.quantile(0.99) * 2);
});

test('an instance that answers 503 at once gets at most half a per cent, by its cost alone or by ejection', async () => {
  for (const contender of [PLAIN, SHIPPED]) {
    expect(firstShare(await oneFailing(contender, TIMES, SEED))).toBeLessThanOrEqual(0.005);
  }
  expect(firstShare(await oneFailing(options('least-request'), TIMES, SEED))).toBeGreaterThan(0.1);
});

test('an instance that was slow has half of its share again within 15 s; one that failed, within 20 s of its ejection', async () => {
  const times = { warmMs: 20_000, measureMs: 60_000 };
  expect(secondsToHalfShare(await recovering(SHIPPED, times, SEED), times)).toBeLessThanOrEqual(15);
  // Ejected for up to 20 s by then, twice in a row.
  expect(secondsToHalfShare(await mended(SHIPPED, times, SEED), times)).toBeLessThanOrEqual(24 + 20);
});

test('killed or swallowed, one of ten costs no call, and each client only a few attempts', async () => {
  const refused = await killed(SHIPPED, TIMES, SEED);
  expect(refused.failed).toBe(0);
  expect(refused.attempts[0]! / 8).toBeLessThanOrEqual(6);
  const swallowed = await vanished(SHIPPED, TIMES, SEED);
  expect(swallowed.failed).toBe(0);
  expect(swallowed.attempts[0]! / 8).toBeLessThanOrEqual(10);
});

test('in zones, 62.5 % stay at home and all instances get the same rate', () => {
  const { localShare, spread } = zoneRates('peak-ewma', SEED);
  expect(Math.abs(localShare - 0.625)).toBeLessThan(0.02);
  expect(spread).toBeLessThan(0.05);
});
