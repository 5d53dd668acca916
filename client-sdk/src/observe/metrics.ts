/** A discovery's state as numbers with names and labels: pure, from counters and reports. Names follow Prometheus' custom. */
import type { Metric, ServiceReport } from '../api.ts';
import { type CallCounters, LATENCY_BOUNDS_MS } from '../call/call-counters.ts';

/** Every metric there is, with what it says. Those of services carry the label `service`. */
export const METRICS: ReadonlyMap<string, { readonly type: Metric['type']; readonly help: string }> = new Map([
  ['heureka_registry_instances', { type: 'gauge', help: 'Instances known, of every service and status.' }],
  ['heureka_registry_age_seconds', { type: 'gauge', help: 'Time since the list of instances was known to be right.' }],
  ['heureka_registry_stale', { type: 'gauge', help: '1 while the list is older than 90 s.' }],
  ['heureka_calls_total', { type: 'counter', help: 'Calls that ended, by outcome: success, failed, shed, aborted.' }],
  ['heureka_fallbacks_total', { type: 'counter', help: 'Calls answered by the fallback of the service.' }],
  ['heureka_calls_active', { type: 'gauge', help: 'Calls on their way.' }],
  ['heureka_attempts_total', { type: 'counter', help: 'Attempts on instances, all and failed ones.' }],
  ['heureka_attempts_cross_zone_total', { type: 'counter', help: 'Attempts on instances of another zone than ours.' }],
  [
    'heureka_retries_total',
    { type: 'counter', help: 'Attempts made again: nothing had been sent, or what was sent failed.' },
  ],
  ['heureka_retries_refused_total', { type: 'counter', help: 'Retries that the budget refused.' }],
  ['heureka_retry_budget', { type: 'gauge', help: 'Retries that the budget would allow now.' }],
  ['heureka_pool_waits_total', { type: 'counter', help: 'Attempts that found no free connection in time.' }],
  ['heureka_shed_share', { type: 'gauge', help: 'Share of calls that is refused here, 0 to 0.95.' }],
  ['heureka_instances', { type: 'gauge', help: 'Instances of the service, by health.' }],
  ['heureka_ejections_total', { type: 'counter', help: 'Instances ejected, by reason.' }],
  ['heureka_instances_eligible', { type: 'gauge', help: 'Instances of the service that may be picked now.' }],
  ['heureka_instance_active', { type: 'gauge', help: 'Attempts on their way, by instance.' }],
  ['heureka_panic_picks_total', { type: 'counter', help: 'Attempts made while too few instances were healthy.' }],
  ['heureka_panic', { type: 'gauge', help: '1 while too few instances are healthy and all are used.' }],
  ['heureka_response_seconds', { type: 'histogram', help: 'Time to response headers, retries not included.' }],
]);

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
    ...[...counters.ejections].map(([reason, ejections]) =>
      counter('heureka_ejections_total', { ...labels, reason }, ejections),
    ),
    gauge('heureka_instances_eligible', labels, report.instances.filter(({ eligible }) => eligible).length),
    ...report.instances.map(({ instance, inflight }) =>
      gauge('heureka_instance_active', { ...labels, instance: instance.id }, inflight),
    ),
    counter('heureka_panic_picks_total', labels, counters.panicPicks),
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
