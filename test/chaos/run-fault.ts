/** Does one fault to a scene under load, and counts what came of it. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from './fault.ts';
import type { Backend, Scene } from './scene.ts';

export interface Outcome {
  readonly fault: string;
  /** Beating instances that nodes or store lacked at the end, or that a heartbeat found forgotten. */
  readonly lost: number;
  /** Cancelled instances that were listed again. */
  readonly resurrected: number;
  /** Beating instances that some answer lacked. */
  readonly evicted: number;
  /** Requests that no node answered. */
  readonly failed: number;
  readonly requests: number;
  /** From healing until all nodes and the store showed the same; undefined: not within 20 s. */
  readonly agreedAfterMs: number | undefined;
  /** For whoever looks for the cause. */
  readonly details: readonly string[];
}

const AGREE_WITHIN_MS = 20_000;
/** After a store came back, nobody is judged for five seconds; then a sweep each second, half a second after the deadline. */
const SWEEP_MS = 6_500;

export async function runFault<B extends Backend>(fault: Fault<B>, scene: Scene<B>): Promise<Outcome> {
  const { population, watcher, size } = scene;
  await population.calm();
  const before = await agreement(scene);
  population.resetCounts();
  watcher.resetCounts();
  population.churning = true;
  await pause(1_000);

  watcher.parted();
  const logFrom = scene.nodes.map((node) => node.output().length);
  const healedAt = await fault.inflict(scene);
  const healed = new Date(Date.now() - (performance.now() - healedAt)).toISOString().slice(14, 23);
  await population.calm();
  const calm = new Date().toISOString().slice(14, 23);
  const differences = await agreement(scene);
  const agreedAfterMs = differences.length > 0 ? undefined : performance.now() - healedAt;
  watcher.agreed();
  population.beating = true;
  population.churning = true;
  // Long enough for every lease that was not renewed to end.
  await pause(size.leaseSeconds * 1_000 + SWEEP_MS);
  await population.calm();
  const after = await agreement(scene);
  const end = await compare(scene);

  const logs = scene.nodes.flatMap((node, index) =>
    warnings(node.output().slice(node.output().length >= logFrom[index]! ? logFrom[index]! : 0)).map(
      (line) => `node ${index}: ${line}`,
    ),
  );
  return {
    fault: fault.name,
    lost: end.lost.size + population.forgotten,
    resurrected: new Set([...watcher.resurrected.keys(), ...end.resurrected]).size,
    evicted: watcher.missing.size,
    failed: population.failed,
    requests: population.requests,
    agreedAfterMs,
    details: [
      `healed at ${healed}, all requests answered at ${calm}`,
      ...prefixed('before the fault', before),
      ...prefixed('after healing', differences),
      ...prefixed('at the end', after),
      ...prefixed('missing', [...watcher.missing].slice(0, 5)),
      ...prefixed(
        'resurrected',
        [...watcher.resurrected].slice(0, 5).map((pair) => pair.join(' at ')),
      ),
      ...population.failures.slice(0, 5),
      ...(population.forgotten > 0 ? [`${population.forgotten} heartbeats found their instance forgotten`] : []),
      ...logs,
    ],
  };
}

/** Waits until nodes and store show the same. @returns what still differs when it takes too long */
async function agreement(scene: Scene): Promise<readonly string[]> {
  for (const deadline = performance.now() + AGREE_WITHIN_MS; ; await pause(50)) {
    const { differences } = await compare(scene);
    if (differences.length === 0 || performance.now() > deadline) return differences;
  }
}

interface Comparison {
  readonly differences: readonly string[];
  readonly lost: ReadonlySet<string>;
  readonly resurrected: ReadonlySet<string>;
}

async function compare({ backend, nodes, population, watcher }: Scene): Promise<Comparison> {
  const living = population.living();
  const gone = new Set(population.gone().map(({ id }) => id));
  const records = await backend.records();
  const shown = await Promise.all(nodes.map((_, node) => watcher.listed(node)));
  const states = await Promise.all(nodes.map(({ origin }) => stateOf(origin)));
  const lists = [
    ...shown.map((ids, node) => ({ name: `node ${node}`, ids })),
    { name: 'the store', ids: records === undefined ? undefined : new Set([...records].map(idOf)) },
  ];
  const differences = states.flatMap((state, node) => (state === 'following' ? [] : [`node ${node} is ${state}`]));
  const lost = new Set<string>();
  const resurrected = new Set<string>();
  for (const { name, ids } of lists) {
    if (ids === undefined) {
      differences.push(`${name} does not answer`);
      continue;
    }
    const missing = living.filter(({ id }) => !ids.has(id));
    const back = [...ids].filter((id) => gone.has(id));
    for (const { id } of missing) lost.add(id);
    for (const id of back) resurrected.add(id);
    if (missing.length > 0) differences.push(`${name} lacks ${missing.length}, such as ${missing[0]!.id}`);
    if (back.length > 0) differences.push(`${name} has ${back.length} that left, such as ${back[0]}`);
  }
  // Who was told neither yes nor no may be listed or not, but the same everywhere.
  const sizes = new Set(lists.map(({ ids }) => ids?.size));
  if (sizes.size > 1) differences.push(`sizes differ: ${[...sizes].join(', ')}`);
  return { differences, lost, resurrected };
}

async function stateOf(origin: string): Promise<string> {
  try {
    const answer = await fetch(`${origin}/health/store`, { signal: AbortSignal.timeout(2_000) });
    return ((await answer.json()) as { state: string }).state;
  } catch {
    return 'not answering';
  }
}

function idOf(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}

/** Log lines about the node and its store, as sentences; not those about instances. */
function warnings(output: string): string[] {
  return output.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return line === '' ? [] : [line];
    const { level, time, msg, reason, written } = JSON.parse(line) as LogLine;
    const own = level >= WARN || msg.startsWith('this node') || written !== undefined;
    const facts = [reason, written === undefined ? undefined : `${written} written`].filter(
      (fact) => fact !== undefined,
    );
    return own ? [[`${time.slice(14, 23)} ${msg}`, ...facts].join(': ')] : [];
  });
}

const WARN = 40;

interface LogLine {
  readonly level: number;
  readonly time: string;
  readonly msg: string;
  readonly reason?: string;
  readonly written?: number;
}

function prefixed(prefix: string, lines: readonly string[]): string[] {
  return lines.map((line) => `${prefix}: ${line}`);
}
