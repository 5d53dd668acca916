/**
 * The table of `balancing` 7.9, from this code: each policy in each situation, in ms, seconds, shares and attempts wasted.
 *
 * Run: npx tsx --conditions=heureka-source test/bench/simulator/main.ts [seed]
 */
import {
  allEqual,
  allEqualBusy,
  CONTENDERS,
  type Contender,
  diverges,
  firstShare,
  killed,
  oneFailing,
  oneOfThreeSlow,
  oneSlow,
  oneSlowManyClients,
  recovering,
  secondsToHalfShare,
  vanished,
  WHOLE,
} from './scenarios.ts';
import type { Outcomes } from './simulate.ts';
import { zoneRates } from './zone-rates.ts';

const SHORT = { warmMs: 20_000, measureMs: 60_000 };
const LONG = { warmMs: 30_000, measureMs: 130_000 };

const seed = Number(process.argv[2] ?? 1);
const HEAD = [
  'policy',
  'A p95/p99/p99.9',
  'A slow',
  'B p99',
  'B slow',
  'C p99',
  'equal 50 % p99',
  'equal 80 % p99',
  '503 share',
  'half share after',
  'refused: failed, wasted',
  'black hole: failed, wasted',
];

function ms(outcomes: Outcomes, ...parts: number[]): string {
  return diverges(outcomes) ? 'diverges' : parts.map((part) => outcomes.quantile(part).toFixed(0)).join('/');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

function failedAndWasted(outcomes: Outcomes): string {
  return `${outcomes.failed} of ${outcomes.calls}, ${outcomes.attempts[0]}`;
}

async function row({ name, options }: Contender): Promise<string[]> {
  const a = await oneSlow(options, WHOLE, seed);
  const b = await oneSlowManyClients(options, SHORT, seed);
  const seconds = secondsToHalfShare(await recovering(options, LONG, seed), LONG);
  return [
    name,
    ms(a, 0.95, 0.99, 0.999),
    percent(firstShare(a)),
    ms(b, 0.99),
    percent(firstShare(b)),
    ms(await oneOfThreeSlow(options, WHOLE, seed), 0.99),
    ms(await allEqual(options, SHORT, seed), 0.99),
    ms(await allEqualBusy(options, SHORT, seed), 0.99),
    percent(firstShare(await oneFailing(options, SHORT, seed))),
    seconds === undefined ? 'never' : `${seconds} s`,
    failedAndWasted(await killed(options, SHORT, seed)),
    failedAndWasted(await vanished(options, SHORT, seed)),
  ];
}

console.log(
  'A: 10 instances, 8 clients, one 10 times as slow, load 50 %. B: the same, 50 clients. C: 3 instances, one slow, 40 %.',
);
console.log('503: one answers so in 1 ms, 60 %. Refused, black hole: one of ten gone for 60 s, one retry elsewhere.\n');
console.log(`| ${HEAD.join(' | ')} |\n|${HEAD.map(() => '---').join('|')}|`);
for (const contender of CONTENDERS) console.log(`| ${(await row(contender)).join(' | ')} |`);

const { localShare, spread } = zoneRates('peak-ewma', seed);
console.log(
  `\nZones 40/40/20 calling 25/50/25: ${percent(localShare)} of zone a stays there; rates differ by at most ${percent(spread)}.`,
);
