/** From an acknowledged change to whoever should know: readers of event streams, on the same node and on another. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { startRedis } from '../helpers/redis-server.ts';
import { NODE_ARGS } from '../helpers/server-process.ts';
import { cpuMs } from './cpu-time.ts';
import { fill } from './fill.ts';
import { LOAD_CORE, pin, startRegistry, type Target } from './processes.ts';
import { type Cell, note, number, table, title } from './report.ts';
import type { StreamJob, StreamResult } from './stream-job.ts';
import { type BenchOptions, check, type Topic } from './topic.ts';

export const push: Topic = {
  name: 'push',
  what: 'from the answer to a change until event streams show it: another node through Redis, and 1,000 readers',
  async run({ quick }: BenchOptions) {
    const redis = await startRedis();
    const nodes = [
      await startRegistry('node A', ['--redis', redis.url]),
      await startRegistry('node B', ['--redis', redis.url]),
    ] as const;
    const alone = await startRegistry('one node, memory store');
    try {
      const [a, b] = nodes;
      const many = quick ? 20 : 1_000;
      for (const target of [a, alone]) await fill(target, quick ? 50 : 1_000);
      const rows: Cell[][] = [];
      const add = async (
        name: string,
        readers: number,
        writer: Target,
        reader: Target,
        rate?: number,
      ): Promise<void> => {
        const before = cpuMs(reader.pid) ?? 0;
        const changes = quick ? 3 : rate === undefined ? 1_000 : 20 * rate;
        const paced = rate === undefined ? {} : { perSecond: rate };
        const job: StreamJob = { readers, writer, reader, changes, pauseMs: quick ? 20 : 10, ...paced };
        const { heard, missed, perSecond, p50, p99, max } = await streams(job);
        check(missed === 0 && heard === readers * changes, `every reader hears of every change: ${missed} missed`);
        const cpu = ((cpuMs(reader.pid) ?? 0) - before) / changes;
        rows.push([name, readers, Math.round(perSecond), number(p50), number(p99), number(max), number(cpu)]);
      };
      await add('memory store', 1, alone, alone);
      await add('memory store', many, alone, alone);
      await add('Redis, same node', 1, a, a);
      await add('Redis, other node', 1, a, b);
      await add('Redis, other node', many, a, b);
      await add('Redis, other node', 1, a, b, 100);
      await add('Redis, other node', 1, a, b, 300);
      title('Push: from the answer to a change until a reader has the event');
      table(
        ['', 'readers', 'changes a second', 'p50 ms', 'p99 ms', 'most ms', 'CPU ms a change, of the node read'],
        rows,
      );
      note(
        'A change leaves at once, what follows within 50 ms together. The last two rows make their changes at a fixed rate, the others each when the ' +
          'one before has been heard of. Both nodes share one core, all readers and Redis the other.',
      );
    } finally {
      for (const target of [...nodes, alone]) await target.stop();
      await redis.stop();
    }
  },
};

async function streams(job: StreamJob): Promise<StreamResult> {
  const child = fork(join(import.meta.dirname, 'stream-process.ts'), [], { execArgv: [...NODE_ARGS] });
  pin(child.pid!, LOAD_CORE);
  child.send(job);
  const [reply] = (await once(child, 'message')) as [
    { is: 'done'; result: StreamResult } | { is: 'failed'; why: string },
  ];
  const gone = once(child, 'exit');
  child.disconnect();
  await gone;
  if (reply.is === 'failed') throw new Error(`the readers failed: ${reply.why}`);
  return reply.result;
}
