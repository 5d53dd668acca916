/**
 * What a balanced call costs over a bare `Pool.request` to the same server: CPU of a process that makes both, in slices that alternate, each
 * difference taken between neighbours. The server answers from another core. Several processes, as what V8 inlines is decided anew in each.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LOAD_CORE, pinned, startBare } from '../processes.ts';
import { note, number, table, title } from '../report.ts';
import { spreadOf } from '../statistics.ts';
import { type BenchOptions, check, type Topic } from '../topic.ts';
import type { CallCost } from './calls-process.ts';

const run = promisify(execFile);

const PROCESSES = 5;

export const sdkCalls: Topic = {
  name: 'sdk-calls',
  what: 'CPU of a balanced call beside a bare Pool.request, with 1 and 4 instances',
  async run({ quick }: BenchOptions) {
    const server = await startBare();
    try {
      title(`SDK: CPU a call over a bare Pool.request (Node ${process.version})`);
      const program = join(import.meta.dirname, 'calls-process.ts');
      const args = ['--import', 'tsx', program, String(server.port), ...(quick ? ['200', '2'] : ['6000', '20'])];
      const [command, ...rest] = pinned ? ['taskset', '-c', String(LOAD_CORE), process.execPath] : [process.execPath];
      const costs: CallCost[] = [];
      for (let process = 0; process < (quick ? 1 : PROCESSES); process++) {
        const { stdout } = await run(command!, [...rest, ...args], { timeout: 300_000 });
        costs.push(...(JSON.parse(stdout) as readonly CallCost[]));
      }
      const counts = [...new Set(costs.map(({ slots }) => slots))];
      check(counts.length === 2, 'the rows of both measurements');
      table(
        [
          'instances',
          'bare, us',
          'SDK, us',
          'more, us (of the processes)',
          'more, %',
          'the bare pool beside itself, us',
        ],
        counts.map((count) => row(costs.filter(({ slots }) => slots === count))),
      );
      note(
        `Aim: at most 1.5 us and 8 % more. Medians of ${PROCESSES} processes. What the bare pool differs from itself is the noise.`,
      );
    } finally {
      await server.stop();
    }
  },
};

function row(costs: readonly CallCost[]): readonly string[] {
  const of = (what: (cost: CallCost) => number) => spreadOf(costs.map(what));
  const more = of(({ moreUs }) => moreUs);
  return [
    String(costs[0]!.slots),
    number(of(({ bareUs }) => bareUs).median),
    number(of(({ sdkUs }) => sdkUs).median),
    `**${more.median.toFixed(2)}** (${more.least.toFixed(2)} to ${more.most.toFixed(2)})`,
    of(({ moreUs, bareUs }) => (100 * moreUs) / bareUs).median.toFixed(1),
    of(({ againUs }) => againUs).median.toFixed(2),
  ];
}
