/** What a heartbeat costs: PUT renew over busy connections, and over very many that are mostly idle. */
import { startRedis } from '../helpers/redis-server.ts';
import { compared, type Side, sideBySide } from './compare.ts';
import { fill, onlyStatus } from './fill.ts';
import { renewRequest } from './instances.ts';
import { Load, peerTarget, type RunningTarget, rssMiB, startBare, startRegistry, type Target } from './processes.ts';
import { COMPARED_HEAD, comparedRow, note, number, table, title } from './report.ts';
import type { BenchOptions, Topic } from './topic.ts';

const BUSY = 64;
/** A heartbeat each 30 s. */
const INTERVAL_S = 30;
/** Connections wait while the other sides are measured: none is closed for it. */
const PATIENT = ['--keep-alive', '600'];

export const heartbeats: Topic = {
  name: 'heartbeats',
  what: 'PUT renew: 64 busy connections, and 10,000 mostly idle ones; memory and Redis store',
  async run(options) {
    const redis = await startRedis();
    const running = [
      await startBare(),
      await startRegistry('heureka, memory store', ['--data', 'none', ...PATIENT]),
      await startRegistry('heureka, Redis store', ['--redis', redis.url, ...PATIENT]),
    ];
    try {
      await busy(running, options);
      // The first one twice: how far two measurements of the same lie apart at so little work.
      const again = await startBare();
      running.push(again);
      await idle([running[0]!, { ...again, name: 'bare, beside itself' }, running[1]!], options);
    } finally {
      for (const target of running) await target.stop();
      await redis.stop();
    }
  },
};

async function busy(running: readonly RunningTarget[], { quick, peer, peerPid }: BenchOptions): Promise<void> {
  const count = quick ? 64 : 1_000;
  const targets: Target[] = [...running, ...(peer === undefined ? [] : [peerTarget(peer, peerPid)])];
  const sides: Side[] = [];
  for (const target of targets) {
    if (target !== running[0]) await fill(target, count);
    sides.push({ target, load: await openLoad(target, count, BUSY) });
  }
  await sideBySide(sides, { kind: 'busy', ms: quick ? 50 : 3_000 }, 1);
  const measured = await sideBySide(sides, { kind: 'busy', ms: quick ? 100 : 2_000 }, quick ? 1 : 9);
  for (const { slices } of measured) for (const slice of slices) onlyStatus(slice, [200]);
  for (const { load } of sides) await load.end();
  title(`Heartbeats: PUT renew, ${BUSY} busy connections, ${count} instances`);
  table(COMPARED_HEAD, compared(measured).map(comparedRow));
}

async function idle(running: readonly RunningTarget[], { quick }: BenchOptions): Promise<void> {
  const count = quick ? 200 : 10_000;
  const sides: Side[] = [];
  for (const target of running) {
    if (target.base !== '') await fill(target, count);
    const load = await openLoad(target, count, count);
    // A first one over each: who connects and says nothing is sent away.
    onlyStatus(await load.run({ kind: 'once' }), [200]);
    sides.push({ target, load });
  }
  // At so few requests V8 would take minutes to compile what it runs, and be measured doing it.
  await sideBySide(sides, { kind: 'busy', ms: quick ? 50 : 3_000 }, 1);
  const perSecond = quick ? 1_000 : count / INTERVAL_S;
  const measured = await sideBySide(sides, { kind: 'paced', ms: quick ? 200 : 10_000, perSecond }, quick ? 1 : 10);
  for (const { slices } of measured) for (const slice of slices) onlyStatus(slice, [200]);
  title(`Heartbeats: ${count.toLocaleString('en')} connections, each with a heartbeat in ${INTERVAL_S} s`);
  table(COMPARED_HEAD, compared(measured).map(comparedRow));
  const memory = running.map(({ name, pid }) => `${name} ${number(rssMiB(pid) ?? 0)} MiB`).join(', ');
  note(`Resident memory with all connections open: ${memory}.`);
  for (const { load } of sides) await load.end();
}

async function openLoad(target: Target, count: number, connections: number): Promise<Load> {
  const requests = Array.from({ length: count }, (_, number) => renewRequest(target, number));
  return await Load.open({ host: target.host, port: target.port, connections, requests });
}
