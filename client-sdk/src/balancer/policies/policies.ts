/** Policies by name, and one of the user's own: all behind the same port. */
import type { BalancerPolicy, PolicyName } from '../../api.ts';
import type { Dice } from '../dice.ts';
import { Affinity } from './affinity.ts';
import { AvailabilityFiltering } from './availability-filtering.ts';
import { BestAvailable } from './best-available.ts';
import { LeastRequest } from './least-request.ts';
import { OwnPolicy, type Turn } from './own-policy.ts';
import { PeakEwma } from './peak-ewma.ts';
import { RandomChoice } from './random-choice.ts';
import { RoundRobin } from './round-robin.ts';
import { Weighted } from './weighted.ts';
import { WeightedResponseTime } from './weighted-response-time.ts';
import { ZoneAvoidance } from './zone-avoidance.ts';

export interface PolicyKind {
  /** One for each group of instances that is picked from. */
  readonly make: () => BalancerPolicy;
  /** It sees the instances of all zones and chooses among zones itself. */
  readonly choosesZone: boolean;
  /** A call's zone follows its key, not chance. */
  readonly byKey: boolean;
  /** What a policy of the user's own threw last. */
  readonly thrown?: () => unknown;
}

type Made = new (dice: Dice) => BalancerPolicy;

const BY_NAME: ReadonlyMap<string, Made> = new Map<string, Made>([
  ['peak-ewma', PeakEwma],
  ['least-request', LeastRequest],
  ['round-robin', RoundRobin],
  ['random', RandomChoice],
  ['weighted', Weighted],
  ['affinity', Affinity],
  ['availability-filtering', AvailabilityFiltering],
  ['best-available', BestAvailable],
  ['weighted-response-time', WeightedResponseTime],
  ['zone-avoidance', ZoneAvoidance],
]);

/** @throws {RangeError} for a name that is unknown */
export function policyKind(policy: PolicyName | BalancerPolicy, dice: Dice): PolicyKind {
  if (typeof policy === 'object') {
    const turn: Turn = { of: undefined };
    const make = (): BalancerPolicy => new OwnPolicy(policy, turn, dice);
    return { make, choosesZone: true, byKey: false, thrown: () => turn.thrown };
  }
  const Policy = BY_NAME.get(policy);
  if (Policy === undefined) throw new RangeError(`there is no policy '${policy}'`);
  return { make: () => new Policy(dice), choosesZone: Policy === ZoneAvoidance, byKey: Policy === Affinity };
}
