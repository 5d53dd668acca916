/**
 * `npm run conformance -- --url <base>`: the cases against any Eureka server, a line for each. Without `--url`: against a server of ours that
 * it starts. Beware: each case empties the registry first.
 */
import { parseArgs } from 'node:util';
import { startServer } from '../helpers/server-process.ts';
import { NEEDS, type Need, type Verdict } from './case.ts';
import { CASES } from './cases.ts';
import { type DeviationName, sentence } from './deviations.ts';
import { emptied, runCase, type Target, UnusableServer } from './run-case.ts';

const HELP = `npm run conformance -- [--url http://host:port/eureka] [--like ours] [--only C31] [--has fast-eviction]

  --url <base>    the server to ask, with its base path; without it a server of ours is started. Every instance in it is cancelled!
                  A stock Spring server must be one that shows changes at once: eureka.server.use-read-only-response-cache=false
  --like <whom>   whose answers are right where ours deviate from stock on purpose: ours, stock, or either (default)
  --only <ids>    these cases, a comma list
  --has <needs>   settings that the server is known to have, a comma list of ${NEEDS.join(', ')}

A line for each case: ok; deviates (as ours, unlike stock); as stock (unlike ours); FAILED; not run. Exit code 1 if one failed, 2 if none could run.
`;

/** Says what is wrong, and ends. */
function refuse(sentences: string): never {
  console.error(sentences);
  process.exit(2);
}

function commandLine() {
  try {
    const { values } = parseArgs({
      options: {
        url: { type: 'string' },
        like: { type: 'string', default: 'either' },
        only: { type: 'string' },
        has: { type: 'string', default: '' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return values;
  } catch (error) {
    return refuse(`${(error as Error).message}\n\n${HELP}`);
  }
}

/** The words of a comma list. */
function words(list: string): readonly string[] {
  return list
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

const given = commandLine();
if (given.help) {
  console.log(HELP);
  process.exit(0);
}
const only = given.only === undefined ? undefined : words(given.only).map((id) => id.toUpperCase());
const has = words(given.has);
const problems = [
  ...(given.url === undefined || (URL.canParse(given.url) && /^https?:$/.test(new URL(given.url).protocol))
    ? []
    : [`--url must be a URL such as http://localhost:8761/eureka, got '${given.url}'.`]),
  ...(['ours', 'stock', 'either'].includes(given.like)
    ? []
    : [`--like must be ours, stock or either, got '${given.like}'.`]),
  ...(only ?? [])
    .filter((id) => CASES.every((one) => one.id !== id))
    .map((id) => `--only: there is no case '${id}'; they are C1 to C${CASES.length}.`),
  ...has
    .filter((need) => !(NEEDS as readonly string[]).includes(need))
    .map((need) => `--has: there is no setting '${need}'; there are ${NEEDS.join(', ')}.`),
];
if (problems.length > 0) refuse(problems.join('\n'));

const own = given.url === undefined ? await startServer(['--data', 'none']) : undefined;
const { origin, pathname } = new URL(given.url ?? own!.url);
const target: Target = {
  origin,
  base: pathname.replace(/\/+$/, ''),
  has: new Set((own === undefined ? has : [...has, 'fast-eviction']) as Need[]),
  like: given.like as Target['like'],
};
try {
  await emptied(target);
} catch (error) {
  if (!(error instanceof UnusableServer)) throw error;
  refuse(`${error.message}\n--url must name a Eureka server that runs, with its base path.`);
}

const SIGN: Readonly<Record<Verdict['is'], string>> = {
  passed: 'ok        ',
  deviates: 'deviates  ',
  'as stock': 'as stock  ',
  failed: 'FAILED    ',
  'not run': 'not run   ',
};
const met = new Set<DeviationName>();
const counts: Record<Verdict['is'], number> = { passed: 0, deviates: 0, 'as stock': 0, failed: 0, 'not run': 0 };
for (const one of CASES.filter(({ id }) => only?.includes(id) ?? true)) {
  const { is, id, about, notes, deviations } = await runCase(target, one);
  counts[is]++;
  const why = is === 'failed' ? notes : [...notes, ...deviations];
  console.log(`${SIGN[is]}${id.padEnd(4)} ${about}${why.length > 0 ? ` (${why.join('; ')})` : ''}`);
  for (const name of deviations) met.add(name);
}
if (met.size > 0) console.log('\nKnown deviations:');
for (const name of met) console.log(`  ${sentence(name)}`);
console.log(
  `\n${counts.passed} passed, ${counts.deviates} as ours should but unlike stock, ${counts['as stock']} as stock but unlike ours, ${counts.failed} failed, ${counts['not run']} not run`,
);
await own?.stop();
process.exitCode = counts.failed > 0 ? 1 : 0;
