import type { DiscoveryEvents, DiscoveryReport, Metric, ServiceReport } from '@heureka/client-sdk';
import { anInstance } from '@heureka/client-sdk/testing';
import { expect, test } from 'vitest';
import type { Call } from '../../support/traffic.ts';
import type { Actor, RegistryState } from '../stage.ts';
import { FactsReader, type Seen } from './facts.ts';

/** A discovery that says what it is told to. */
class Told {
  calls = 0;
  attempts = 0;
  crossZone = 0;
  instances: ServiceReport['instances'] = [];
  #source: ((event: DiscoveryEvents['source']) => void) | undefined;

  metrics(): readonly Metric[] {
    const counter = (name: string, value: number, outcome?: string): Metric => {
      const labels = { service: 'orders', ...(outcome === undefined ? {} : { outcome }) };
      return { name, type: 'counter', labels, value };
    };
    return [
      counter('heureka_calls_total', this.calls, 'success'),
      counter('heureka_calls_total', 0, 'failed'),
      counter('heureka_attempts_total', this.attempts, 'all'),
      counter('heureka_attempts_total', this.attempts / 2, 'failed'),
      counter('heureka_attempts_cross_zone_total', this.crossZone),
    ];
  }

  inspect = ((service?: string): ServiceReport | DiscoveryReport =>
    service === undefined
      ? { services: ['orders'], source: { url: 'http://registry', ageMs: 1_500, stale: true }, registrations: [] }
      : { service, panic: false, instances: this.instances }) as Seen['inspect'];

  on: Seen['on'] = (event, listener) => {
    if (event === 'source') this.#source = listener as (event: DiscoveryEvents['source']) => void;
    return () => {};
  };

  source(event: DiscoveryEvents['source']): void {
    this.#source?.(event);
  }
}

function actor(name: string, change: Partial<Actor> = {}): Actor {
  // Whether it has a process is all that is looked at.
  return { name, zone: `zone-${name[0]}`, process: {} as Actor['process'], mood: { is: 'well' }, ...change };
}

function scene(actors: readonly Actor[], calls: readonly Call[] = [], registryState: RegistryState = 'up') {
  const told = new Told();
  const traffic = { calls: [...calls], failed: 3 };
  return { told, traffic, reader: new FactsReader(told, { actors, registryState }, traffic) };
}

const call = (startedAt: number, by: string, ms = 5): Call => ({ startedAt, ms, failed: false, by, zone: 'zone-a' });

test('calls a second and the cross-zone share are those of the last two seconds, not of the whole run', () => {
  const { told, reader } = scene([]);
  for (let at = 0; at <= 10_000; at += 200) {
    told.calls += at < 8_000 ? 100 : 20;
    told.attempts += 20;
    told.crossZone += at < 8_000 ? 20 : 5;
    reader.read(at);
  }
  const { callsPerSecond, crossZoneShare } = reader.read(10_000);
  expect(callsPerSecond).toBeCloseTo(100, 0);
  expect(crossZoneShare).toBeCloseTo(0.25, 2);
});

test('nothing is said of rates before there are two moments', () => {
  const { reader } = scene([]);
  expect(reader.read(0)).toMatchObject({ callsPerSecond: 0, crossZoneShare: 0, slowestMs: 0, failed: 3 });
});

test('shares and the slowest call are those that ended in the last two seconds, however long they took', () => {
  const calls = [
    call(100, 'a1', 900),
    call(7_000, 'a2', 1_500),
    call(9_000, 'b1'),
    call(9_100, 'b1'),
    call(9_200, 'a2'),
  ];
  const { reader } = scene([actor('a1'), actor('a2'), actor('b1')], calls);
  const { instances, slowestMs } = reader.read(10_000);
  expect(instances.map(({ share }) => share)).toEqual([0, 0.5, 0.5]);
  expect(slowestMs).toBe(1_500);
});

test('what was done to an instance is told beside what the caller knows of it', () => {
  const { told, reader } = scene([
    actor('a1', { process: undefined }),
    actor('a2', { mood: { is: 'slow', ms: 300 } }),
    actor('a3', { mood: { is: 'broken', status: 503 } }),
  ]);
  const line = {
    eligible: true,
    why: '',
    health: 'ejected',
    breaker: 'open',
    inflight: 2,
    latencyMs: 7,
    share: 0,
  } as const;
  told.instances = [
    { ...line, instance: anInstance({ metadata: { name: 'a2' } }) },
    { ...line, instance: anInstance({ metadata: { name: 'a3' }, status: 'DOWN' }) },
  ];
  expect(reader.read(0).instances).toMatchObject([
    { name: 'a1', process: 'killed', isListed: false, health: undefined, breaker: undefined },
    { name: 'a2', process: 'slow', isListed: true, health: 'ejected', breaker: 'open', inflight: 2, latencyMs: 7 },
    { name: 'a3', process: 'answers 503', isListed: false },
  ]);
});

test('the registry: how it is followed, whether it answers, and how old the list is', () => {
  const { told, reader } = scene([], [], 'stopped');
  told.source({ url: 'http://registry', mode: 'push' });
  expect(reader.read(0).registry).toEqual({ process: 'stopped', mode: 'push', ageMs: 1_500, isStale: true });
});
