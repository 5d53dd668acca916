/** A discovery's state as numbers with names and labels: pure, from counters and reports. Names follow Prometheus' custom. */
import type { Metric, ServiceReport } from '../api.ts';
import { type CallCounters, LATENCY_BOUNDS_MS } from '../call/call-counters.ts';

/** What is known of one service when metrics are asked for. */
export interface ServiceFacts {
  readonly service: string;
  readonly counters: CallCounters;
  readonly report: ServiceReport;
  readonly budget: number;
  readonly shedShare: number;
}

export interface DiscoveryFacts {
  readonly services: readonly ServiceFacts[];
  readonly instances: number;
  readonly ageMs: number;
  readonly stale: boolean;
}

export function metricsOf({ services, instances, ageMs, stale }: DiscoveryFacts): readonly Metric[] {
  return [
    gauge('heureka_registry_instances', {}, instances),
    gauge('heureka_registry_age_seconds', {}, ageMs / 1_000),
    gauge('heureka_registry_stale', {}, stale ? 1 : 0),
    ...services.flatMap(serviceMetrics),
  ];
}

function serviceMetrics({ service, counters, report, budget, shedShare }: ServiceFacts): Metric[] {
  const labels = { service };
  const count = (health: string): number => report.instances.filter((instance) => instance.health === health).length;
  return [
    counter('heureka_calls_total', { ...labels, outcome: 'success' }, counters.succeeded),
    counter('heureka_calls_total', { ...labels, outcome: 'failed' }, counters.failed - counters.shed),
    counter('heureka_calls_total', { ...labels, outcome: 'shed' }, counters.shed),
    counter('heureka_calls_total', { ...labels, outcome: 'aborted' }, counters.aborted),
    counter('heureka_fallbacks_total', labels, counters.fallbacks),
    gauge('heureka_calls_active', labels, counters.inflight),
    counter('heureka_attempts_total', { ...labels, outcome: 'failed' }, counters.attemptsFailed),
    counter('heureka_attempts_total', { ...labels, outcome: 'all' }, counters.attempts),
    counter('heureka_attempts_cross_zone_total', labels, counters.crossZone),
    counter('heureka_retries_total', { ...labels, reason: 'unsent' }, counters.retriesUnsent),
    counter('heureka_retries_total', { ...labels, reason: 'failed' }, counters.retries),
    counter('heureka_retries_refused_total', labels, counters.retriesRefused),
    gauge('heureka_retry_budget', labels, budget),
    counter('heureka_pool_waits_total', labels, counters.poolWaits),
    gauge('heureka_shed_share', labels, shedShare),
    gauge('heureka_instances', { ...labels, health: 'healthy' }, count('healthy')),
    gauge('heureka_instances', { ...labels, health: 'ejected' }, count('ejected')),
    gauge('heureka_instances', { ...labels, health: 'probing' }, count('probing')),
    gauge('heureka_panic', labels, report.panic ? 1 : 0),
    latency(labels, counters),
  ];
}

/** Time to response headers, in seconds; `value` is the sum, buckets are cumulative. */
function latency(labels: Metric['labels'], { latency, latencySumMs }: CallCounters): Metric {
  let sum = 0;
  const buckets = Array.from(latency, (count, index): readonly [number, number] => {
    sum += count;
    return [(LATENCY_BOUNDS_MS[index] ?? Number.POSITIVE_INFINITY) / 1_000, sum];
  });
  return { name: 'heureka_response_seconds', type: 'histogram', labels, value: latencySumMs / 1_000, buckets };
}

function gauge(name: string, labels: Metric['labels'], value: number): Metric {
  return { name, type: 'gauge', labels, value };
}

function counter(name: string, labels: Metric['labels'], value: number): Metric {
  return { name, type: 'counter', labels, value };
}
