/** Does faults to three nodes and their Redis under load, and prints what they cost: `npm run chaos -- --help`. */
import { parseArgs } from 'node:util';
import type { Fault } from './fault.ts';
import { FAULTS } from './faults.ts';
import { heading, line, passed } from './report.ts';
import { type Outcome, runFault } from './run-fault.ts';
import { type Backend, LONG, OneRedis, Scene, SHORT } from './scene.ts';
import { SENTINEL_FAULTS, SentinelRedis } from './sentinel-faults.ts';

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

${[...FAULTS, ...SENTINEL_FAULTS].map(({ name, what }) => `  ${name.padEnd(16)} ${what}`).join('\n')}
`,
  );
} else {
  process.exitCode = (await run()) ? 0 : 1;
}

async function run(): Promise<boolean> {
  const size = values.short === true ? SHORT : LONG;
  process.stdout.write(`${heading(size)}\n`);
  const begin = async (): Promise<Scene<OneRedis>> => Scene.begin(await OneRedis.start(3), size);
  let good = await inOneScene(chosen(FAULTS), begin);
  // A failover leaves its scene with one Redis less.
  for (const fault of chosen(SENTINEL_FAULTS)) {
    good = (await inOneScene([fault], async () => Scene.begin(await SentinelRedis.start(), size))) && good;
  }
  return good;
}

function chosen<B extends Backend>(faults: readonly Fault<B>[]): readonly Fault<B>[] {
  return faults.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
}

async function inOneScene<B extends Backend>(
  faults: readonly Fault<B>[],
  begin: () => Promise<Scene<B>>,
): Promise<boolean> {
  if (faults.length === 0) return true;
  const outcomes: Outcome[] = [];
  const scene = await begin();
  try {
    for (const fault of faults) {
      const outcome = await runFault(fault, scene);
      outcomes.push(outcome);
      process.stdout.write(`${line(outcome)}\n`);
      if (values.details !== true && passed(outcome)) continue;
      for (const detail of outcome.details) process.stdout.write(`    ${detail}\n`);
    }
  } finally {
    await scene.end();
  }
  return outcomes.every(passed);
}
