/**
 * What a balanced call costs over a bare `Pool.request` to the same server: CPU of a process that makes both, in slices that alternate, each
 * difference taken between neighbours. The server answers from another core.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LOAD_CORE, pinned, startBare } from '../processes.ts';
import { note, number, table, title } from '../report.ts';
import { type BenchOptions, check, type Topic } from '../topic.ts';
import type { CallCost } from './calls-process.ts';

const run = promisify(execFile);

export const sdkCalls: Topic = {
  name: 'sdk-calls',
  what: 'CPU of a balanced call beside a bare Pool.request, with 1 and 4 instances',
  async run({ quick }: BenchOptions) {
    const server = await startBare();
    try {
      title(`SDK: CPU a call over a bare Pool.request (Node ${process.version})`);
      const program = join(import.meta.dirname, 'calls-process.ts');
      const args = ['--import', 'tsx', program, String(server.port), ...(quick ? ['200', '2'] : ['6000', '40'])];
      const [command, ...rest] = pinned ? ['taskset', '-c', String(LOAD_CORE), process.execPath] : [process.execPath];
      const { stdout } = await run(command!, [...rest, ...args], { timeout: 300_000 });
      const costs = JSON.parse(stdout) as readonly CallCost[];
      check(costs.length === 2, 'the rows of both measurements');
      table(
        ['instances', 'bare, us', 'SDK, us', 'more, us (quartiles)', 'more, %', 'the bare pool beside itself, us'],
        costs.map(row),
      );
      note('Aim: at most 1.5 us and 8 % more. What the bare pool differs from itself is the noise.');
    } finally {
      await server.stop();
    }
  },
};

function row({ slots, bareUs, sdkUs, moreUs, lowerUs, upperUs, againUs }: CallCost): readonly string[] {
  return [
    String(slots),
    number(bareUs),
    number(sdkUs),
    `**${moreUs.toFixed(2)}** (${lowerUs.toFixed(2)} to ${upperUs.toFixed(2)})`,
    ((100 * moreUs) / bareUs).toFixed(1),
    againUs.toFixed(2),
  ];
}
