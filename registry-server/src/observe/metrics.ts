/** Prometheus metrics. Numbers that exist anyway are read when somebody scrapes; only requests are counted as they happen. */
import { Counter, collectDefaultMetrics, Gauge, Registry as Metrics } from 'prom-client';
import type { Ledger } from '../registry/ledger.ts';
import type { ReplicaReader } from '../replica/replica-reader.ts';

export interface MeteredParts {
  readonly ledger: Pick<Ledger, 'state' | 'renewsLastMinute'>;
  readonly replica: Pick<ReplicaReader, 'size' | 'cursor' | 'statusCounts' | 'apps' | 'onChange'>;
  /** Open event streams. */
  readonly streams: () => number;
  /** Holds that run now. */
  readonly holds: () => number;
  /** Keys changed while the store is away, to be joined when it is back. */
  readonly marked: () => number;
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
  collectDefaultMetrics({ register: metrics });
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
  gauge(metrics, 'heureka_holds', 'Services and zones whose silent instances are held.', [], (set) =>
    set({}, parts.holds()),
  );
  gauge(metrics, 'heureka_marked_keys', 'Instances changed while the store is away, to be joined.', [], (set) =>
    set({}, parts.marked()),
  );

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
    text: () => metrics.metrics(),
    answered: (method, route, status) => requests.count(method, route, status),
  };
}

/** prom-client hashes its labels on every `inc`; one Map of plain numbers does the counting, and is read at a scrape. */
class RequestTally {
  readonly #counts = new Map<
    string,
    { readonly labels: { method: string; route: string; status: string }; count: number }
  >();

  constructor(metrics: Metrics) {
    const counts = this.#counts;
    const counter: Counter<'method' | 'route' | 'status'> = new Counter({
      name: 'heureka_requests_total',
      help: 'Requests answered on protocol paths.',
      labelNames: ['method', 'route', 'status'],
      registers: [metrics],
      collect() {
        counter.reset();
        for (const { labels, count } of counts.values()) counter.inc(labels, count);
      },
    });
  }

  count(method: string, route: string, status: number): void {
    const key = `${method} ${status} ${route}`;
    const held = this.#counts.get(key);
    if (held !== undefined) held.count++;
    else this.#counts.set(key, { labels: { method, route, status: String(status) }, count: 1 });
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
