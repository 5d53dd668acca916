/** What a pick costs, and a change of the list: `simulator/pick-bench.ts`, each case in a process of its own. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { NODE_ARGS } from '../../helpers/server-process.ts';
import { note, title } from '../report.ts';
import { check, type Topic } from '../topic.ts';

const PROGRAM = join(import.meta.dirname, '../simulator/pick-bench.ts');

export const sdkPick: Topic = {
  name: 'sdk-pick',
  what: 'ns and bytes of a pick among 10 to 10,000 instances, and ms of a change of the list',
  async run({ quick }) {
    title('SDK: a pick, and a change of the list');
    const one = quick ? ['balancer, 10 instances'] : [];
    const run = spawnSync(process.execPath, ['--expose-gc', ...NODE_ARGS, PROGRAM, ...one], { encoding: 'utf8' });
    check(run.status === 0 && /\d ns/.test(run.stdout), `the pick bench ran: ${run.stderr}`);
    console.log(`${run.stdout.replace(/^/gm, '    ')}\n`);
    note(
      'Aim: 200 ns at 1,000 instances and 250 at 10,000, no bytes; a change 2 ms and 25 ms. Reading the clock makes an object of 16 bytes, and so ' +
        'does a pick of a time that is none yet, where V8 does not inline it.',
    );
  },
};
