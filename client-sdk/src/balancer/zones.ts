/**
 * Which part of the calls goes to which zone. Pure: counts in, shares out.
 *
 * `balanced` keeps calls in their zone as far as every instance still gets the same rate (Envoy's zone-aware routing); `prefer` keeps them
 * at home while home is well; `exclusive` never leaves it.
 */
import type { ServiceOptions } from '../api.ts';

/** Instances of the service called, in one zone. */
export interface ZoneCount {
  /** '' for all that name none. */
  readonly zone: string;
  readonly up: number;
  /** Of these, the ones that may be picked. */
  readonly eligible: number;
}

export interface ZoneQuestion {
  readonly mode: ServiceOptions['zoneMode'];
  /** Our own; undefined: unknown. */
  readonly own: string | undefined;
  readonly targets: readonly ZoneCount[];
  /** UP instances of our own application by zone: who else calls from there. Empty: we are not registered. */
  readonly callers: ReadonlyMap<string, number>;
  /** Most of the service is out: better anywhere than at home. */
  readonly panic: boolean;
}

/** With fewer instances, equal rates and short ways exclude each other (Envoy `min_cluster_size`). */
const LEAST_TARGETS = 6;
/** Home gives up calls once fewer than 1 / 1.4 of it is well (Envoy's overprovisioning factor). */
const OVERPROVISIONING = 1.4;
/** One instance is no zone. */
const LEAST_LOCAL = 2;

/** @returns a share for each of `targets`, 1 in total (all 0: nowhere to go); undefined: no zone step, all instances alike */
export function zoneShares(question: ZoneQuestion): number[] | undefined {
  const { mode, own, targets, callers, panic } = question;
  if (own === undefined || targets.length === 0 || mode === 'off' || mode === 'bias') return undefined;
  const local = targets.findIndex(({ zone }) => zone === own);
  if (mode === 'exclusive') return targets.map((_, index) => (index === local ? 1 : 0));
  if (targets.length < 2 || panic || total(targets, 'eligible') === 0) return undefined;
  const callersInAll = [...callers.values()].reduce((sum, count) => sum + count, 0);
  const callersHere = callers.get(own) ?? 0;
  // Not registered, or not visible yet: nobody knows what others at home take.
  if (mode === 'prefer' || callersInAll < 2 || callersHere === 0) return preferred(targets, local);
  if (total(targets, 'up') < LEAST_TARGETS) return undefined;
  return balanced(targets, local, callers, callersInAll);
}

function preferred(targets: readonly ZoneCount[], local: number): number[] | undefined {
  const home = targets[local];
  if (home === undefined || home.up < LEAST_LOCAL) return undefined;
  const stay = Math.min(1, (OVERPROVISIONING * home.eligible) / home.up);
  const abroad = total(targets, 'eligible') - home.eligible;
  if (abroad === 0) return targets.map((_, index) => (index === local ? 1 : 0));
  return targets.map(({ eligible }, index) => (index === local ? stay : ((1 - stay) * eligible) / abroad));
}

/** @see Envoy `load_balancer_impl.cc`, `regenerateLocalityRoutingStructures` */
function balanced(
  targets: readonly ZoneCount[],
  local: number,
  callers: ReadonlyMap<string, number>,
  callersInAll: number,
): number[] {
  const eligible = total(targets, 'eligible');
  const supply = targets.map((target) => target.eligible / eligible);
  const demand = targets.map(({ zone }) => (callers.get(zone) ?? 0) / callersInAll);
  const here = local < 0 ? 0 : supply[local]! / demand[local]!;
  if (here >= 1) return targets.map((_, index) => (index === local ? 1 : 0));
  // What other zones can take beyond what their own callers bring.
  const spare = supply.map((share, index) => (index === local ? 0 : Math.max(0, share - demand[index]!)));
  const spareInAll = spare.reduce((sum, share) => sum + share, 0);
  if (spareInAll === 0) return supply;
  return spare.map((share, index) => (index === local ? here : ((1 - here) * share) / spareInAll));
}

function total(targets: readonly ZoneCount[], count: 'up' | 'eligible'): number {
  return targets.reduce((sum, target) => sum + target[count], 0);
}
