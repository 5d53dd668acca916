/**
 * A discrete-event simulation of many clients that call one service, each with a balancer of its own: the very class that the SDK uses.
 *
 * Arrivals are Poisson, service times exponential, each server has a few workers and one line. What has no answer at the end counts with its
 * age. The same seed gives the same run.
 */
import { NO_SLOT, Outcome, type Want } from '../../../client-sdk/src/balancer/balancer.ts';
import type { BalancerOptions } from '../../../client-sdk/src/balancer/balancer-options.ts';
import { ServiceBalancer } from '../../../client-sdk/src/balancer/service-balancer.ts';
import { seededRandom } from '../../../client-sdk/src/runtime/random.ts';
import { EventQueue } from './event-queue.ts';
import { fleet, listOf } from './fleet.ts';
import { type Answer, type Condition, HEALTHY, MEAN_MS, Server } from './server.ts';

export interface Simulation {
  readonly options: BalancerOptions;
  readonly servers: number;
  readonly clients: number;
  readonly workers: number;
  /** Of what all servers could do at 10 ms a call, 0 to 1. */
  readonly load: number;
  /** How the server of this number is at this time; undefined: well. */
  readonly condition?: (server: number, now: number) => Condition | undefined;
  /** Attempts on another instance after a failure. */
  readonly retries: number;
  readonly warmMs: number;
  readonly measureMs: number;
  readonly seed: number;
}

export interface Outcomes {
  readonly calls: number;
  /** Calls that failed after their retries, or found nobody. */
  readonly failed: number;
  /** Milliseconds below which this part (0 to 1) of the calls stayed. */
  quantile(part: number): number;
  /** The oldest call without an answer at the end, in ms: far above the quantiles, a line grows without end. */
  readonly oldestMs: number;
  /** Attempts by server while measured; and by second of the whole run. */
  readonly attempts: readonly number[];
  readonly perSecond: readonly (readonly number[])[];
}

interface Call {
  readonly begunAt: number;
  readonly want: Want;
  retriesLeft: number;
}

const OUTCOME: Readonly<Record<Answer, Outcome>> = {
  ok: Outcome.OK,
  failed: Outcome.FAILED,
  'connect failed': Outcome.CONNECT_FAILED,
};

export async function simulate(plan: Simulation): Promise<Outcomes> {
  const events = new EventQueue();
  const random = seededRandom(plan.seed);
  const servers = Array.from(
    { length: plan.servers },
    (_, index) => new Server(events, random, plan.workers, (now) => plan.condition?.(index, now) ?? HEALTHY),
  );
  const instances = fleet(plan.servers, 1);
  const numberOf = new Map(instances.map(({ id }, index) => [id, index]));
  const measured: number[] = [];
  const open = new Set<Call>();
  let failed = 0;

  const settled = (call: Call, isOk: boolean): void => {
    open.delete(call);
    if (call.begunAt < plan.warmMs) return;
    measured.push(events.now - call.begunAt);
    if (!isOk) failed++;
  };

  const aClient = (client: number): void => {
    const balancer = new ServiceBalancer({
      options: plan.options,
      random: seededRandom(plan.seed * 1_000 + client),
      ownZone: () => undefined,
      ownApp: () => undefined,
      probe: async (instance) => servers[numberOf.get(instance.id)!]!.accepts,
    });
    balancer.update(listOf(instances));

    const attempt = (call: Call): void => {
      const slot = balancer.pick(events.now, call.want);
      if (slot === NO_SLOT) {
        settled(call, false);
        return;
      }
      const begunAt = events.now;
      const ticket = balancer.begin(slot, begunAt);
      servers[numberOf.get(balancer.instance(slot).id)!]!.call((answer) => {
        balancer.judge(slot, ticket, OUTCOME[answer], events.now - begunAt, events.now, 0);
        balancer.end(slot, ticket);
        if (answer === 'ok' || call.retriesLeft === 0) {
          settled(call, answer === 'ok');
          return;
        }
        call.retriesLeft--;
        call.want.tried.push(slot);
        call.want.neverSent = answer === 'connect failed';
        attempt(call);
      });
    };

    const perMs = (plan.load * plan.servers * plan.workers) / MEAN_MS / plan.clients;
    const arrive = (): void => {
      const call: Call = {
        begunAt: events.now,
        want: { tried: [], repeatable: plan.retries > 0, neverSent: false, affinityKey: undefined, hint: undefined },
        retriesLeft: plan.retries,
      };
      open.add(call);
      attempt(call);
      events.after(-Math.log(1 - random()) / perMs, arrive);
    };
    const tick = (): void => {
      balancer.tick(events.now);
      events.after(1_000, tick);
    };
    events.after(-Math.log(1 - random()) / perMs, arrive);
    events.after(random() * 1_000, tick);
  };
  for (let client = 0; client < plan.clients; client++) aClient(client);

  const perSecond: number[][] = [];
  let before = servers.map(() => 0);
  for (let end = 1_000; end <= plan.warmMs + plan.measureMs; end += 1_000) {
    events.runUntil(end);
    // TCP probes answer by promises.
    await new Promise((resolve) => setImmediate(resolve));
    const now = servers.map(({ attempts }) => attempts);
    perSecond.push(now.map((count, index) => count - before[index]!));
    before = now;
  }

  let oldestMs = 0;
  for (const { begunAt } of open) {
    oldestMs = Math.max(oldestMs, events.now - begunAt);
    if (begunAt >= plan.warmMs) measured.push(events.now - begunAt);
  }
  const sorted = Float64Array.from(measured).sort();
  return {
    calls: sorted.length,
    failed,
    quantile: (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!,
    oldestMs,
    attempts: servers.map((_, server) =>
      perSecond.slice(plan.warmMs / 1_000).reduce((sum, counts) => sum + counts[server]!, 0),
    ),
    perSecond,
  };
}
