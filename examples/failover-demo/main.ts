/**
 * The main job, to be watched: a registry, the service `orders` with three instances in each of two zones, and a caller whose traffic
 * never stops while they die, slow down, break and heal. In a terminal it is a live picture with keys to take part; anywhere else, or with
 * `--plain`, lines of text. Exit code 1 if a call failed, 130 when interrupted.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createDiscovery, type Discovery } from '@heureka/client-sdk';
import { Traffic } from '../support/traffic.ts';
import { type Face, LiveFace, PlainFace } from './faces.ts';
import { FactsReader } from './live/facts.ts';
import { SCRIPT } from './script.ts';
import { Stage, ZONES } from './stage.ts';
import { STOCK_NOTE } from './stock.ts';
import { type Act, formatted, summary } from './summary.ts';

const { values: flags } = parseArgs({
  options: {
    plain: { type: 'boolean', default: false },
    /** Multiplies how long each event is watched: for those in a hurry. */
    pace: { type: 'string', default: '1' },
  },
});
const pace = Number(flags.pace);
const isLive = process.stdout.isTTY && process.stdin.isTTY && !process.env['CI'] && !flags.plain;

const began = performance.now();
const now = (): number => performance.now() - began;
const stage = new Stage();
const ending = new AbortController();
let isInterrupted = false;

function end(how: 'quit' | 'interrupt'): void {
  isInterrupted ||= how === 'interrupt';
  ending.abort();
}
process.once('SIGINT', () => end('interrupt'));
process.once('SIGTERM', () => end('interrupt'));

const face: Face = isLive ? new LiveFace(now, stage, end) : new PlainFace(now);
let failed = 0;
try {
  face.say('demo', 'starting a registry and the service orders: three instances in each of two zones');
  await stage.open();
  const discovery = await createDiscovery({
    registry: { urls: [stage.registryUrl], pollMs: 2_000 },
    zone: ZONES[0],
    start: 'wait',
  });
  narrate(discovery);
  const traffic = new Traffic(discovery);
  face.say('demo', `the caller sits in ${ZONES[0]} and starts its calls`);
  traffic.start();
  face.show(traffic, new FactsReader(discovery, stage, traffic));
  const acts = await perform(traffic);
  await traffic.stop();
  face.close();

  ({ failed } = traffic);
  console.log(`\n${formatted(summary(acts, traffic.calls))}\n\n${STOCK_NOTE}\n`);
  if (failed > 0) console.log('the last failure:', traffic.lastFailure);
  console.log(`${traffic.calls.length} calls in ${(traffic.now() / 1_000).toFixed(0)} s, ${failed} failed`);
  await discovery.close();
} finally {
  face.close();
  await stage.close();
}
process.exitCode = isInterrupted ? 130 : failed > 0 ? 1 : 0;

/** The script of events, by itself; ended early it has fewer of them. */
async function perform(traffic: Traffic): Promise<Act[]> {
  const acts: Act[] = [];
  for (const [index, event] of SCRIPT.entries()) {
    if (ending.signal.aborted) break;
    const from = traffic.now();
    face.event({ number: index + 1, of: SCRIPT.length, title: event.title });
    await untilEnded(Promise.all([event.happen(stage), pause(event.watchMs * pace)]));
    await untilEnded(Promise.resolve(event.heal?.(stage)));
    acts.push({ title: event.title, from, to: traffic.now(), stock: event.stock });
  }
  return acts;
}

/** Waits for `work`, but no longer than the person wants. */
async function untilEnded(work: Promise<unknown>): Promise<void> {
  const { signal } = ending;
  if (signal.aborted) return;
  await Promise.race([work, new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))]);
}

/** What the caller notices, in the log. */
function narrate(discovery: Discovery): void {
  const names = new Map<string, string>();
  const nameOf = (id: string): string => {
    for (const { id: known, metadata } of discovery.instances('orders')) names.set(known, metadata['name'] ?? known);
    return names.get(id) ?? id;
  };
  nameOf('');
  discovery.on('health', ({ instance, from, to, reason }) => {
    face.say('caller', `${nameOf(instance)} ${from} -> ${to} (${reason})`);
  });
  discovery.on('snapshot', ({ service, instances }) => {
    // While they are listed: who has left is still spoken of.
    nameOf('');
    face.say('caller', `${service} has ${instances.length} instances listed as UP`);
  });
  discovery.on('source', ({ mode, error }) => {
    face.say('caller', error === undefined ? `follows the registry by ${mode}` : `the registry: ${error.message}`);
  });
}
