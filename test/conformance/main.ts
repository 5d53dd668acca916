/**
 * `npm run conformance -- --url <base>`: the cases against any Eureka server, a line for each. Without `--url`: against a server of ours that
 * it starts. Beware: each case empties the registry first.
 */
import { parseArgs } from 'node:util';
import { startServer } from '../helpers/server-process.ts';
import type { Need, Verdict } from './case.ts';
import { CASES } from './cases.ts';
import { type DeviationName, sentence } from './deviations.ts';
import { runCase } from './run-case.ts';

const HELP = `npm run conformance -- [--url http://host:port/eureka] [--stock] [--only C31]

  --url <base>   the server to ask, with its base path; without it a server of ours is started. Every instance in it is cancelled!
  --stock        expect what a stock Spring server answers where ours deviates on purpose
  --only <id>    one case
  --has <needs>  settings that the server is known to have, a comma list of short-delta, delta-off, fast-eviction
`;

const { values } = (() => {
  try {
    return parseArgs({
      options: {
        url: { type: 'string' },
        stock: { type: 'boolean', default: false },
        only: { type: 'string' },
        has: { type: 'string', default: '' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    process.exit(2);
  }
})();
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
if (values.url !== undefined && !URL.canParse(values.url)) {
  console.error(`--url must be a URL such as http://localhost:8761/eureka, got ${values.url}`);
  process.exit(2);
}

const own = values.url === undefined ? await startServer(['--data', 'none']) : undefined;
const { origin, pathname } = new URL(values.url ?? own!.url);
const has = new Set((own === undefined ? values.has : 'fast-eviction').split(',').filter(Boolean) as Need[]);
const SIGN: Readonly<Record<Verdict['is'], string>> = {
  passed: 'ok        ',
  deviates: 'deviates  ',
  failed: 'FAILED    ',
  'not run': 'not run   ',
};
const met = new Set<DeviationName>();
const counts = { passed: 0, deviates: 0, failed: 0, 'not run': 0 };
for (const one of CASES.filter(({ id }) => values.only === undefined || id === values.only)) {
  const verdict = await runCase({ origin, base: pathname.replace(/\/+$/, ''), has, stock: values.stock }, one);
  counts[verdict.is]++;
  console.log(`${SIGN[verdict.is]}${verdict.id.padEnd(4)} ${verdict.about}`);
  for (const note of verdict.notes) console.log(`                ${note}`);
  if (verdict.deviations.length > 0) console.log(`                ${verdict.deviations.join(', ')}`);
  for (const name of verdict.deviations) met.add(name);
}
if (met.size > 0) console.log('\nKnown deviations:');
for (const name of met) console.log(`  ${sentence(name)}`);
console.log(
  `\n${counts.passed} passed, ${counts.deviates} as ours should but unlike stock, ${counts.failed} failed, ${counts['not run']} not run`,
);
await own?.stop();
process.exitCode = counts.failed > 0 ? 1 : 0;
