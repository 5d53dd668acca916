/** Does faults to three nodes and their Redis under load, and prints what they cost: `npm run chaos -- --help`. */
import { parseArgs } from 'node:util';
import { FAULTS } from './faults.ts';
import { heading, line, passed } from './report.ts';
import { type Outcome, runFault } from './run-fault.ts';
import { LONG, OneRedis, Scene, SHORT } from './scene.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean' }, short: { type: 'boolean' }, details: { type: 'boolean' } },
});

if (values.help === true) {
  process.stdout.write(
    `npm run chaos -- [--short] [--details] [fault...]

Three nodes as processes on one Redis, services that register, beat and leave; then a fault, and what came of it. Without names: all.
  --short    fewer instances, shorter leases and faults
  --details  what the nodes logged, and what differed

${FAULTS.map(({ name, what }) => `  ${name.padEnd(16)} ${what}`).join('\n')}
`,
  );
} else {
  process.exitCode = (await run()) ? 0 : 1;
}

async function run(): Promise<boolean> {
  const size = values.short === true ? SHORT : LONG;
  const chosen = FAULTS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const outcomes: Outcome[] = [];
  process.stdout.write(`${heading(size)}\n`);
  const scene = await Scene.begin(await OneRedis.start(3), size);
  try {
    for (const fault of chosen) {
      const outcome = await runFault(fault, scene);
      outcomes.push(outcome);
      process.stdout.write(`${line(outcome)}\n`);
      if (values.details === true || !passed(outcome)) {
        for (const detail of outcome.details) process.stdout.write(`    ${detail}\n`);
      }
    }
  } finally {
    await scene.end();
  }
  return outcomes.every(passed);
}
