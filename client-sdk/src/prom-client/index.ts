/** A discovery's metrics in a prom-client registry: read when they are scraped, kept nowhere. Names no library: the registry is the user's own. */
import type { Discovery, Metric } from '../api.ts';
import { METRICS } from '../observe/metrics.ts';

/** The part of prom-client's `Registry` that is needed. */
export interface PromRegistry {
  // biome-ignore lint/suspicious/noExplicitAny: prom-client's own type names its classes, which this package does not depend on.
  registerMetric(metric: any): void;
  removeSingleMetric(name: string): void;
}

interface PromValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

/**
 * Adds every metric of `discovery` to `registry`.
 *
 * @returns takes them out again
 * @example
 * import { register } from 'prom-client';
 * const stop = collectDiscovery(discovery, register);
 */
export function collectDiscovery(discovery: Discovery, registry: PromRegistry): () => void {
  for (const [name, { type, help }] of METRICS) {
    registry.registerMetric({
      name,
      help,
      type,
      aggregator: 'sum',
      get: async () => {
        const own = discovery.metrics().filter((metric) => metric.name === name);
        return { name, help, type, aggregator: 'sum', values: own.flatMap(valuesOf) };
      },
    });
  }
  return () => {
    for (const name of METRICS.keys()) registry.removeSingleMetric(name);
  };
}

function valuesOf({ name, labels, value, buckets }: Metric): PromValue[] {
  if (buckets === undefined) return [{ value, labels }];
  const count = buckets.at(-1)?.[1] ?? 0;
  return [
    ...buckets.map(([le, below]) => ({
      metricName: `${name}_bucket`,
      labels: { ...labels, le: le === Number.POSITIVE_INFINITY ? '+Inf' : le },
      value: below,
    })),
    { metricName: `${name}_sum`, labels, value },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
