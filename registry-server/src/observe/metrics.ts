/**
 * Prometheus metrics. Numbers that exist anyway are read when somebody scrapes; only requests are counted as they happen. What must be measured
 * all the time to be known is measured from the first scrape on: where nobody scrapes, a server at rest stays asleep.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Counter, collectDefaultMetrics, Gauge, Registry as Metrics } from 'prom-client';
import type { NodeStatus } from '../node/node-events.ts';
import type { Ledger } from '../registry/ledger.ts';
import type { ReplicaReader } from '../replica/replica-reader.ts';

export interface MeteredParts {
  readonly ledger: Pick<Ledger, 'state' | 'renewsLastMinute'>;
  readonly replica: Pick<ReplicaReader, 'size' | 'cursor' | 'statusCounts' | 'apps' | 'onChange'>;
  /** Open event streams. */
  readonly streams: () => number;
  /** How this node stands towards its store. */
  readonly node: () => NodeStatus;
}

export interface ServerMetrics {
  readonly contentType: string;
  text(): Promise<string>;
  /** Counts one answer: cheap enough for heartbeats. */
  answered(method: string, route: string, status: number): void;
}

const STATES = ['starting', 'following', 'cut-off', 'away', 'rejoining', 'draining'] as const;

export function serverMetrics(parts: MeteredParts): ServerMetrics {
  const metrics = new Metrics();
  const { ledger, replica } = parts;

  gauge(metrics, 'heureka_instances', 'Instances held, by served status.', ['status'], (set) => {
    for (const [status, count] of replica.statusCounts) set({ status }, count);
  });
  gauge(metrics, 'heureka_applications', 'Applications that have instances.', [], (set) => {
    let count = 0;
    for (const _ of replica.apps()) count++;
    set({}, count);
  });
  gauge(metrics, 'heureka_version', 'Version of the latest change that this node has applied.', [], (set) =>
    set({}, replica.cursor.version),
  );
  gauge(metrics, 'heureka_node_state', '1 for the state in which this node is.', ['state'], (set) => {
    for (const state of STATES) set({ state }, ledger.state.is === state ? 1 : 0);
  });
  gauge(
    metrics,
    'heureka_renews_last_minute',
    'Signs of life that this node acknowledged in the last full minute.',
    [],
    (set) => set({}, ledger.renewsLastMinute),
  );
  gauge(metrics, 'heureka_streams', 'Open event streams.', [], (set) => set({}, parts.streams()));
  nodeGauges(metrics, parts.node);

  const changes = new Counter({
    name: 'heureka_changes_total',
    help: 'Changes applied, by kind.',
    labelNames: ['kind'],
    registers: [metrics],
  });
  replica.onChange(({ before, after }) =>
    changes.inc({ kind: after === undefined ? 'removed' : before === undefined ? 'registered' : 'changed' }),
  );

  const requests = new RequestTally(metrics);
  return {
    contentType: metrics.contentType,
    text: async () => {
      shared ??= processMetrics();
      return `${await (await shared).metrics()}\n${await metrics.metrics()}`;
    },
    answered: (method, route, status) => requests.count(method, route, status),
  };
}

/** Of the process, however many servers it runs: what measures collections and the event loop cannot be stopped, so it is started once. */
let shared: Promise<Metrics> | undefined;

/** The meter of the event loop ticks each 10 ms, which alone takes 0.4 % of a core; before its first ticks it has nothing to say. */
const FIRST_TICKS_MS = 25;

async function processMetrics(): Promise<Metrics> {
  const metrics = new Metrics();
  collectDefaultMetrics({ register: metrics });
  await pause(FIRST_TICKS_MS);
  return metrics;
}

interface Tally {
  readonly labels: { readonly method: string; readonly route: string; readonly status: string };
  count: number;
}

function nodeGauges(metrics: Metrics, status: () => NodeStatus): void {
  gauge(metrics, 'heureka_holds', 'Services and zones whose silent instances are held.', [], (set) =>
    set({}, status().holds.length),
  );
  gauge(metrics, 'heureka_marked_keys', 'Instances changed while the store is away, to be joined.', [], (set) =>
    set({}, status().marked),
  );
  gauge(metrics, 'heureka_store_instances', 'Instances in the store when it was asked last.', [], (set) =>
    set({}, status().storeSize),
  );
  gauge(metrics, 'heureka_beats_waiting', 'Heartbeats acknowledged and not yet written to the store.', [], (set) =>
    set({}, status().beatsWaiting),
  );
  gauge(metrics, 'heureka_nodes', 'Nodes of this registry that reported in the last 10 s.', [], (set) =>
    set({}, status().nodes.length),
  );
  gauge(metrics, 'heureka_store_faults', 'Faults of the store met since this node started.', [], (set) =>
    set({}, status().faults),
  );
  gauge(metrics, 'heureka_held_silent', 'Instances that were silent when their group was held.', ['group'], (set) => {
    for (const { group, lost } of status().holds) set({ group }, lost);
  });
}

/** prom-client hashes its labels on every `inc`; plain numbers do the counting, found without making a key, and are read at a scrape. */
class RequestTally {
  readonly #tallies: Tally[] = [];
  readonly #byRoute = new Map<string, Map<string, Map<number, Tally>>>();

  constructor(metrics: Metrics) {
    const tallies = this.#tallies;
    const counter: Counter<'method' | 'route' | 'status'> = new Counter({
      name: 'heureka_requests_total',
      help: 'Requests answered on protocol paths.',
      labelNames: ['method', 'route', 'status'],
      registers: [metrics],
      collect() {
        counter.reset();
        for (const { labels, count } of tallies) counter.inc(labels, count);
      },
    });
  }

  count(method: string, route: string, status: number): void {
    const tally = this.#byRoute.get(route)?.get(method)?.get(status);
    if (tally !== undefined) tally.count++;
    else this.#first(method, route, status);
  }

  #first(method: string, route: string, status: number): void {
    const tally = { labels: { method, route, status: String(status) }, count: 1 };
    this.#tallies.push(tally);
    const byMethod = this.#byRoute.get(route) ?? new Map<string, Map<number, Tally>>();
    const byStatus = byMethod.get(method) ?? new Map<number, Tally>();
    this.#byRoute.set(route, byMethod.set(method, byStatus.set(status, tally)));
  }
}

type Set = (labels: Record<string, string>, value: number) => void;

function gauge(metrics: Metrics, name: string, help: string, labelNames: string[], read: (set: Set) => void): void {
  new Gauge({
    name,
    help,
    labelNames,
    registers: [metrics],
    collect() {
      this.reset();
      read((labels, value) => this.set(labels, value));
    },
  });
}
