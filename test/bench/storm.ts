/** Everybody registers at once; and a server starts, with nothing and with a full registry to load. */
import { startRedis } from '../helpers/redis-server.ts';
import { cpuMs } from './cpu-time.ts';
import { fill, onlyStatus, shown } from './fill.ts';
import { registerRequest } from './instances.ts';
import { Load, type RunningTarget, rssMiB, startBare, startRegistry, type Target } from './processes.ts';
import { type Cell, note, number, table, title } from './report.ts';
import { type BenchOptions, check, type Topic } from './topic.ts';

const CONNECTIONS = 64;

export const storm: Topic = {
  name: 'storm',
  what: '10,000 registrations as fast as they go: memory, Redis, three nodes; start-up, with up to 100,000 to load',
  async run(options) {
    await registrations(options);
    await starts(options);
  },
};

async function registrations({ quick }: BenchOptions): Promise<void> {
  const count = quick ? 300 : 10_000;
  const rows: Cell[][] = [];
  const add = async (name: string, nodes: readonly RunningTarget[], stored: boolean): Promise<void> => {
    // A process that has just started runs code that it has never run; the second ten thousand find it warm.
    for (const turn of ['cold', 'warm']) {
      const before = nodes.map(({ pid }) => cpuMs(pid) ?? 0);
      const listed = turn === 'cold' ? 0 : count;
      const results = await together(nodes, listed, count);
      const cpu = nodes.reduce((sum, { pid }, index) => sum + (cpuMs(pid) ?? 0) - before[index]!, 0);
      const seconds = Math.max(...results.map((result) => result.seconds));
      const all = listed + count;
      if (stored) for (const node of nodes) check((await shown(node)) === all, `all ${all} are listed`);
      const worst = Math.max(...results.map(({ p99 }) => p99));
      rows.push([name, turn, number(seconds), number(count / seconds), number(worst), number((cpu * 1_000) / count)]);
    }
    for (const node of nodes) await node.stop();
  };
  await add('bare node:http, nothing read or kept', [await startBare()], false);
  await add('memory store, kept in no file', [await startRegistry('memory')], true);
  for (const nodes of [1, 3]) {
    const redis = await startRedis();
    const started: RunningTarget[] = [];
    for (let node = 0; node < nodes; node++) started.push(await startRegistry(`node ${node}`, ['--redis', redis.url]));
    await add(`Redis store, ${nodes === 1 ? 'one node' : 'three nodes on one core'}`, started, true);
    await redis.stop();
  }
  title(`Registration storm: ${count.toLocaleString('en')} instances over ${CONNECTIONS} connections`);
  table(['', '', 'seconds', 'a second', 'p99 ms', 'CPU us a registration, all nodes'], rows);
}

/** Shares the registrations out among the nodes. @param from - number of the first instance */
async function together(nodes: readonly Target[], from: number, count: number): ReturnType<typeof runAll> {
  const loads = await Promise.all(
    nodes.map(({ host, port, ...rest }, node) => {
      const requests: string[] = [];
      for (let number = from + node; number < from + count; number += nodes.length) {
        requests.push(registerRequest({ host, port, ...rest }, number));
      }
      return Load.open({ host, port, connections: Math.ceil(CONNECTIONS / nodes.length), requests });
    }),
  );
  const results = await runAll(loads);
  for (const result of results) onlyStatus(result, [200, 204]);
  for (const load of loads) await load.end();
  return results;
}

function runAll(loads: readonly Load[]): Promise<Awaited<ReturnType<Load['run']>>[]> {
  return Promise.all(loads.map((load) => load.run({ kind: 'once' })));
}

async function starts({ quick }: BenchOptions): Promise<void> {
  const rows: Cell[][] = [];
  const add = async (name: string, args: readonly string[], count: number): Promise<void> => {
    const node = await startRegistry(name, args);
    const ready = rssMiB(node.pid) ?? 0;
    const cpu = cpuMs(node.pid) ?? 0;
    const asked = performance.now();
    check((await shown(node)) === count, `a node that has just started lists ${count} instances`);
    const list = performance.now() - asked;
    rows.push([name, number(node.readyMs), number(cpu), number(ready), number(list), number(rssMiB(node.pid) ?? 0)]);
    await node.stop();
  };
  await add('memory store', ['--data', 'none'], 0);
  const redis = await startRedis();
  await add('Redis, empty', ['--redis', redis.url], 0);
  for (const count of quick ? [100] : [10_000, 100_000]) {
    const filler = await startRegistry('filler', ['--redis', redis.url]);
    await fill(filler, count);
    await filler.stop();
    await add(`Redis with ${count.toLocaleString('en')}`, ['--redis', redis.url], count);
  }
  await redis.stop();
  title('Start: from the command until ready');
  table(['', 'ready after ms', 'CPU ms', 'RSS MiB', 'then a first list, ms', 'RSS MiB after it'], rows);
  note('The first list is read, unpacked and counted by the same core that makes the load.');
}
