/** Resident memory of a server: with nothing, with many instances, and while their lists are read. */
import { setTimeout as pause } from 'node:timers/promises';
import { fill, onlyStatus } from './fill.ts';
import { listRequest, registerRequest, renewRequest } from './instances.ts';
import { Load, type RunningTarget, rssMiB, startRegistry } from './processes.ts';
import { type Cell, note, number, table, title } from './report.ts';
import type { BenchOptions, Topic } from './topic.ts';

export const memory: Topic = {
  name: 'memory',
  what: 'resident memory: idle, 10,000 and 100,000 instances, with their lists in use, and whether it grows with time',
  async run({ quick }: BenchOptions) {
    const rows: Cell[][] = [];
    const grown: number[] = [];
    for (const count of quick ? [0, 100] : [0, 10_000, 100_000]) {
      const node = await startRegistry('heureka', ['--data', 'none']);
      if (count > 0) await fill(node, count);
      // As long as a quiet server takes to give back what it needed for registrations.
      await pause(quick ? 10 : 5_000);
      const cells: Cell[] = [count.toLocaleString('en'), rss(node)];
      for (const gzip of [true, false]) {
        if (count > 0) await read(node, gzip, quick ? 2 : 20);
        await pause(quick ? 10 : 2_000);
        cells.push(rss(node));
      }
      rows.push(cells);
      if (count > 0 && count <= 10_000) grown.push(...(await growth(node, count, quick)));
      await node.stop();
    }
    title('Memory: RSS in MiB, memory store');
    table(['instances', 'registered', 'and gzip lists read', 'and plain lists read'], rows);
    note(
      `Then, while heartbeats, changes and reads go on, RSS every few seconds: ${grown.map(number).join(', ')} MiB.`,
    );
  },
};

function rss(node: RunningTarget): string {
  return number(rssMiB(node.pid) ?? 0);
}

async function read(node: RunningTarget, gzip: boolean, times: number): Promise<void> {
  const requests = Array.from({ length: times }, () => listRequest(node, 'apps', gzip));
  const load = await Load.open({ host: node.host, port: node.port, connections: 2, requests });
  onlyStatus(await load.run({ kind: 'once' }), [200]);
  await load.end();
}

/** RSS after each of some rounds of everything at once. */
async function growth(node: RunningTarget, count: number, quick: boolean): Promise<number[]> {
  const { host, port } = node;
  const open = (connections: number, requests: readonly string[]): Promise<Load> =>
    Load.open({ host, port, connections, requests });
  const at = Date.now();
  const numbers = Array.from({ length: count }, (_, number) => number);
  const loads = [
    await open(
      16,
      numbers.map((number) => renewRequest(node, number)),
    ),
    await open(
      4,
      numbers.map((number) => registerRequest(node, number, number % 2 === 0 ? 'DOWN' : 'UP', at + number)),
    ),
    await open(4, [listRequest(node, 'apps', true), listRequest(node, 'apps/delta', true)]),
  ];
  const sizes: number[] = [];
  for (let round = 0; round < (quick ? 2 : 8); round++) {
    await Promise.all(
      loads.map((load, index) =>
        load.run({ kind: 'paced', ms: quick ? 50 : 4_000, perSecond: [1_000, 100, 50][index]! }),
      ),
    );
    sizes.push(rssMiB(node.pid) ?? 0);
  }
  for (const load of loads) await load.end();
  return sizes;
}
