/** Gathers what the picture shows: from `inspect`, `metrics` and the calls' own fate. Rates are those of the last two seconds. */
import type { Discovery, Metric } from '@heureka/client-sdk';
import type { Call, Traffic } from '../../support/traffic.ts';
import type { Actor, Stage } from '../stage.ts';
import type { Facts, InstanceFacts } from './frame.ts';

const WINDOW_MS = 2_000;

/** The part of a discovery that is looked at. */
export type Seen = Pick<Discovery, 'inspect' | 'metrics' | 'on'>;

interface Sample {
  readonly at: number;
  readonly calls: number;
  readonly attempts: number;
  readonly crossZone: number;
}

export class FactsReader {
  readonly #discovery: Seen;
  readonly #stage: Pick<Stage, 'actors' | 'registryState'>;
  readonly #traffic: Pick<Traffic, 'calls' | 'failed'>;
  readonly #samples: Sample[] = [];
  #mode = 'poll';

  constructor(
    discovery: Seen,
    stage: Pick<Stage, 'actors' | 'registryState'>,
    traffic: Pick<Traffic, 'calls' | 'failed'>,
  ) {
    this.#discovery = discovery;
    this.#stage = stage;
    this.#traffic = traffic;
    discovery.on('source', ({ mode, error }) => {
      this.#mode = error === undefined ? mode : `${mode} (not answered)`;
    });
  }

  /** @param now - ms, as the traffic counts them; asked again and again, it never goes back */
  read(now: number): Omit<Facts, 'at' | 'act' | 'selected' | 'log'> {
    const sample = sampleOf(this.#discovery.metrics(), now);
    this.#samples.push(sample);
    while (this.#samples.length > 2 && this.#samples[0]!.at < now - WINDOW_MS) this.#samples.shift();
    const first = this.#samples[0]!;
    const attempts = sample.attempts - first.attempts;
    const recent = since(this.#traffic.calls, now - WINDOW_MS);
    const { ageMs, stale } = this.#discovery.inspect().source;
    return {
      callsPerSecond: sample.at === first.at ? 0 : (1_000 * (sample.calls - first.calls)) / (sample.at - first.at),
      calls: this.#traffic.calls.length,
      failed: this.#traffic.failed,
      slowestMs: recent.reduce((slowest, { ms }) => Math.max(slowest, ms), 0),
      crossZoneShare: attempts === 0 ? 0 : (sample.crossZone - first.crossZone) / attempts,
      registry: { process: this.#stage.registryState, mode: this.#mode, ageMs, isStale: stale },
      instances: this.#instances(recent),
    };
  }

  #instances(recent: readonly Call[]): InstanceFacts[] {
    const known = new Map(
      this.#discovery.inspect('orders').instances.map((line) => [line.instance.metadata['name'], line]),
    );
    return this.#stage.actors.map((actor) => {
      const line = known.get(actor.name);
      return {
        name: actor.name,
        zone: actor.zone,
        process: processOf(actor),
        isListed: line !== undefined && line.instance.status === 'UP',
        health: line?.health,
        breaker: line?.breaker,
        inflight: line?.inflight ?? 0,
        latencyMs: line?.latencyMs ?? 0,
        share: recent.length === 0 ? 0 : recent.filter(({ by }) => by === actor.name).length / recent.length,
      };
    });
  }
}

function processOf({ process, mood }: Actor): InstanceFacts['process'] {
  if (process === undefined) return 'killed';
  return mood.is === 'well' ? 'up' : mood.is === 'slow' ? 'slow' : 'answers 503';
}

function sampleOf(metrics: readonly Metric[], at: number): Sample {
  const sum = (name: string, outcome?: string): number =>
    metrics
      .filter((metric) => metric.name === name && (outcome === undefined || metric.labels['outcome'] === outcome))
      .reduce((total, { value }) => total + value, 0);
  return {
    at,
    calls: sum('heureka_calls_total'),
    attempts: sum('heureka_attempts_total', 'all'),
    crossZone: sum('heureka_attempts_cross_zone_total'),
  };
}

/** Calls stand in the order in which they ended: those of the last seconds are at the end. */
function since(calls: readonly Call[], from: number): Call[] {
  const recent: Call[] = [];
  for (let index = calls.length - 1; index >= 0 && calls[index]!.startedAt + calls[index]!.ms >= from; index--) {
    recent.push(calls[index]!);
  }
  return recent;
}
