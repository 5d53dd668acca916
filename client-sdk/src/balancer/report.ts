/** What an operator asks first: which instances there are, and why each gets calls or not. Pure. */
import type { Instance, ServiceReport } from '../api.ts';
import type { CachedService } from '../cache/instance-cache.ts';
import type { Slot } from './balancer.ts';
import { TUNING } from './balancer-options.ts';
import { shown } from './health.ts';
import { type Slots, State } from './slots.ts';
import { weightOf } from './weight.ts';

export interface ReportFacts {
  readonly service: CachedService | undefined;
  readonly slots: Slots;
  readonly slotOf: (instance: Instance) => Slot | undefined;
  readonly isEligible: (slot: Slot) => boolean;
  /** undefined: zones do not count. */
  readonly zoneShare: (zone: string) => number | undefined;
  /** What the user's own policy threw. */
  readonly policyError: unknown;
  readonly panic: boolean;
  readonly ownZone: string | undefined;
  readonly onlyOwnZone: boolean;
  readonly now: number;
}

type Line = ServiceReport['instances'][number];

/** Shares are those of the attempts of the last 10 to 20 s; 0 for all when there were none. */
export function serviceReport(facts: ReportFacts): ServiceReport {
  const { service, slots } = facts;
  let begun = 0;
  for (let slot = 0; slot < slots.size; slot++) begun += attempts(slots, slot);
  return {
    service: service?.service ?? '',
    panic: facts.panic,
    instances: (service?.all ?? []).map((instance) => line(facts, instance, begun)),
  };
}

function line(facts: ReportFacts, instance: Instance, begun: number): Line {
  const { slots } = facts;
  const slot = facts.slotOf(instance);
  // Of two instances at one address, one has the slot.
  if (slot === undefined || slots.instances[slot]?.id !== instance.id) return withoutSlot(instance, slot !== undefined);
  const health = shown(slots.state[slot]!);
  const eligible = facts.isEligible(slot);
  const reason = why(facts, instance, slot);
  const isChance = eligible && facts.policyError !== undefined;
  return {
    instance,
    eligible,
    why: isChance ? `${reason}; picked at random, since the policy threw: ${String(facts.policyError)}` : reason,
    health,
    breaker: health === 'healthy' ? 'closed' : health === 'ejected' ? 'open' : 'half-open',
    inflight: slots.inflight[slot]!,
    latencyMs: slots.latencyMs(slot, facts.now),
    share: begun === 0 ? 0 : attempts(slots, slot) / begun,
  };
}

function withoutSlot(instance: Instance, isAddressTaken: boolean): Line {
  const nothing = { health: 'healthy', breaker: 'closed', inflight: 0, latencyMs: 0, share: 0 } as const;
  const reason = isAddressTaken ? 'another instance has the same address' : 'not in the subset that this client calls';
  return { instance, eligible: false, why: notWanted(instance) ?? reason, ...nothing };
}

function notWanted(instance: Instance): string | undefined {
  if (instance.status !== 'UP') return `its status is ${instance.status}`;
  return weightOf(instance) === 0 ? 'its weight is 0' : undefined;
}

function why(facts: ReportFacts, instance: Instance, slot: Slot): string {
  const { slots, now, ownZone, onlyOwnZone, panic } = facts;
  if (slots.admitted[slot] === 0) {
    const reason = notWanted(instance) ?? 'it has left';
    return slots.inflight[slot] === 0 ? reason : `${reason}; ${slots.inflight[slot]} calls still in flight`;
  }
  const zone = instance.zone ?? '';
  if (onlyOwnZone && ownZone !== undefined && zone !== ownZone) {
    return `in zone ${zone || '(none)'}; calls stay in zone ${ownZone} (exclusive)`;
  }
  const state = slots.state[slot];
  if (state === State.EJECTED) {
    const times = slots.ejections[slot] === 1 ? '' : `, ${slots.ejections[slot]} times in a row`;
    if (slots.hard[slot] === 1)
      return `ejected${times}: refuses connections, ${inSeconds(slots.until[slot]! - now, 'asked again')}`;
    const ends = `ejected${times} for failing, ${inSeconds(slots.until[slot]! - now, 'probed')}`;
    return panic ? `${ends}; picked meanwhile, since too few are healthy` : ends;
  }
  if (state === State.PROBING) return 'waits for one call to probe it';
  if (state === State.PROBE_BUSY) return 'one call is probing it';
  if (slots.suspect[slot] === 1) return 'refused a connection: picked after the others until it answers';
  if (slots.spared[slot] === 1) return 'fails, and is kept: too many others are out, or it is the last one';
  if (slots.unconfirmed[slot] === 1) {
    return facts.isEligible(slot)
      ? 'missing from the latest list: picked after the listed ones'
      : 'missing from the latest list, which names enough others';
  }
  const share = facts.zoneShare(zone);
  if (share === 0) return `healthy; calls go to other zones than ${zone || '(none)'} for now`;
  const ageMs = now - slots.slowSince[slot]!;
  if (slots.effective[slot]! < slots.weight[slot]!) {
    return `healthy, warming up: ${Math.round((100 * slots.effective[slot]!) / slots.weight[slot]!)} % of its weight, ${inSeconds(TUNING.slowStart.windowMs - ageMs, 'all of it')}`;
  }
  return share === undefined
    ? 'healthy'
    : `healthy; zone ${zone || '(none)'} gets ${Math.round(share * 100)} % of the calls`;
}

function inSeconds(ms: number, what: string): string {
  return ms <= 0 ? `${what} now` : `${what} in ${Math.ceil(ms / 1_000)} s`;
}

function attempts(slots: Slots, slot: Slot): number {
  return slots.instances[slot] === undefined ? 0 : slots.begunNow[slot]! + slots.begunLast[slot]!;
}
