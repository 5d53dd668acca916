/** What tests of the balancer share: one on a list made by hand, its time moved by hand, TCP probes answered by hand. */
import type { HealthEvent, Instance } from '../api.ts';
import type { CachedService } from '../cache/instance-cache.ts';
import { seededRandom } from '../runtime/random.ts';
import { BREAKER_DEFAULTS, SERVICE_DEFAULTS } from '../service-options.ts';
import { anInstance } from '../testing/an-instance.ts';
import { NO_SLOT, Outcome, type Slot, type Ticket, type Want } from './balancer.ts';
import type { BalancerOptions } from './balancer-options.ts';
import { ServiceBalancer } from './service-balancer.ts';

export interface RigOptions extends Partial<BalancerOptions> {
  readonly ownZone?: string;
  readonly ownApp?: readonly Instance[];
  readonly seed?: number;
}

/** @param zones - 'aab': three instances, two of zone a, one of zone b; '-' is none */
export function instancesIn(zones: string, app = 'orders'): Instance[] {
  return [...zones].map((zone, index) =>
    anInstance({ app, address: `10.0.0.${index + 1}`, zone: zone === '-' ? undefined : zone }),
  );
}

export function listed(
  instances: readonly Instance[],
  { unconfirmed = [], service = 'orders' }: { unconfirmed?: readonly string[]; service?: string } = {},
): CachedService {
  return {
    service,
    all: instances,
    instances: instances.filter(({ status }) => status === 'UP'),
    unconfirmed: new Set(unconfirmed),
    known: true,
    stale: false,
    ageMs: 0,
    added: [],
    removed: [],
    changed: [],
  };
}

export function want(given: Partial<Want> = {}): Want {
  return { tried: [], repeatable: true, neverSent: false, affinityKey: undefined, hint: undefined, ...given };
}

export class Rig {
  readonly balancer: ServiceBalancer;
  readonly health: HealthEvent[] = [];
  readonly slotEvents: string[] = [];
  /** Instances that were asked by TCP; and whether they answer. */
  readonly asked: string[] = [];
  reachable = (_instance: Instance): boolean => true;
  ownZone: string | undefined;
  ownApp: CachedService | undefined;
  now = 0;

  constructor(instances: readonly Instance[], options: RigOptions = {}) {
    const { ownZone, ownApp, seed = 1, ...given } = options;
    this.ownZone = ownZone;
    this.ownApp = ownApp === undefined ? undefined : listed(ownApp, { service: 'own' });
    this.balancer = new ServiceBalancer({
      options: { ...SERVICE_DEFAULTS, breaker: BREAKER_DEFAULTS, ...given },
      random: seededRandom(seed),
      ownZone: () => this.ownZone,
      ownApp: () => this.ownApp,
      probe: async (instance) => {
        this.asked.push(instance.address);
        return this.reachable(instance);
      },
    });
    this.balancer.onHealth((event) => this.health.push(event));
    this.balancer.onSlot(({ slot, is }) => this.slotEvents.push(`${slot} ${is}`));
    this.balancer.update(listed(instances));
  }

  /** The slot of the n-th instance of the first list. */
  slot(index: number): Slot {
    return index;
  }

  begin(slot: Slot): Ticket {
    return this.balancer.begin(slot, this.now);
  }

  /** One whole attempt. */
  attempt(slot: Slot, outcome: Outcome = Outcome.OK, ms = 10, penaltyMs = 0): void {
    const ticket = this.begin(slot);
    this.settle(slot, ticket, outcome, ms, penaltyMs);
  }

  settle(slot: Slot, ticket: Ticket, outcome: Outcome = Outcome.OK, ms = 10, penaltyMs = 0): void {
    this.balancer.judge(slot, ticket, outcome, ms, this.now, penaltyMs);
    this.balancer.end(slot, ticket);
  }

  attempts(count: number, slot: Slot, outcome: Outcome): void {
    for (let index = 0; index < count; index++) this.attempt(slot, outcome);
  }

  pick(given: Partial<Want> = {}): Slot {
    return this.balancer.pick(this.now, want(given));
  }

  /** How often each slot is picked, without any attempt. */
  picks(count: number, given: Partial<Want> = {}): Map<Slot, number> {
    const counts = new Map<Slot, number>();
    for (let index = 0; index < count; index++) {
      const slot = this.pick(given);
      counts.set(slot, (counts.get(slot) ?? 0) + 1);
    }
    return counts;
  }

  /** Slots that are picked at all, sorted. */
  picked(given: Partial<Want> = {}, count = 200): Slot[] {
    return [...this.picks(count, given).keys()].filter((slot) => slot !== NO_SLOT).sort((a, b) => a - b);
  }

  /** Moves time on with a tick a second, and lets TCP probes answer. */
  async advance(ms: number): Promise<void> {
    const end = this.now + ms;
    while (this.now < end) {
      this.now = Math.min(end, this.now + 1_000);
      this.balancer.tick(this.now);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  healthOf(slot: Slot): string {
    const { id } = this.balancer.instance(slot);
    return this.balancer.report(this.now).instances.find(({ instance }) => instance.id === id)!.health;
  }

  why(slot: Slot): string {
    const { id } = this.balancer.instance(slot);
    return this.balancer.report(this.now).instances.find(({ instance }) => instance.id === id)!.why;
  }
}
