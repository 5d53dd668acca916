/**
 * Which leases end, and which silence is too large to be believed (F3): self-preservation that can be said in a sentence. While two thirds of a
 * group are heard, the silent rest is taken for dead; when more than a third of a group of 7 or more falls silent, those are held for a while.
 *
 * Pure: the same leases, holds and time give the same judgement on any node. A group is a service (all its zones) or a zone (all its services).
 */
import type { InstanceInfo } from '@heureka/client-sdk/protocol';
import type { InstanceKey } from '../store/instance-key.ts';
import type { Hold } from '../store/registry-store.ts';
import type { LeaseMs } from './time.ts';

export interface Lease {
  readonly key: InstanceKey;
  /** Such as `service ORDERS` and `zone b`. */
  readonly groups: readonly string[];
  /** Lease clock of the last sign of life. */
  readonly heard: LeaseMs;
  /** Lease clock of the registration. */
  readonly born: LeaseMs;
  /** Length of the lease, ms. */
  readonly duration: number;
  /** Pause between two heartbeats that the client announced, ms. */
  readonly interval: number;
}

export interface JudgeOptions {
  /** A group of which more than this part is silent is held; 0 to 1. */
  readonly holdShare: number;
  /** Groups of fewer members are never held: every one of theirs is evicted on time. */
  readonly holdPopulation: number;
  /** Length of a hold, ms. */
  readonly holdMs: number;
}

export const JUDGE_DEFAULTS: JudgeOptions = {
  holdShare: 1 / 3, //      "while two thirds are heard, the silent rest is taken for dead"
  holdPopulation: 7, //     below, a third is one or two: ordinary deaths
  holdMs: 5 * 60_000, //    longer than most partitions, short enough for a dead zone
};

/** A hold to be placed; its placer adds when and by whom. */
export type PlacedHold = Pick<Hold, 'group' | 'since' | 'until' | 'lost' | 'known'>;

export interface Judgement {
  readonly evict: readonly Lease[];
  readonly place: readonly PlacedHold[];
  /** Holds that cover nobody any more. */
  readonly end: readonly Hold[];
}

/** The groups in which an instance is judged. Instances without zone are one zone. */
export function groupsOf(info: Pick<InstanceInfo, 'app' | 'metadata' | 'dataCenterInfo'>): readonly string[] {
  const zone = info.metadata['zone'] ?? info.dataCenterInfo.metadata?.['availability-zone'] ?? '(none)';
  return [`service ${info.app}`, `zone ${zone}`];
}

export function judge(
  leases: readonly Lease[],
  holds: readonly Hold[],
  now: LeaseMs,
  options: JudgeOptions = JUDGE_DEFAULTS,
): Judgement {
  const steps = judgeInSteps(leases, holds, now, options);
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}

/** Leases looked at in one step: some hundred microseconds. */
const STEP = 1_000;

/** The same, pausing after each thousand leases, for whoever must not stand still: all of them are looked at up to five times. */
export function* judgeInSteps(
  leases: readonly Lease[],
  holds: readonly Hold[],
  now: LeaseMs,
  options: JudgeOptions = JUDGE_DEFAULTS,
): Generator<void, Judgement> {
  const holdOf = new Map(holds.map((hold) => [hold.group, hold]));
  const covering = new Set<Hold>();
  const open: Lease[] = [];
  const expired: Lease[] = [];
  for (const [index, lease] of leases.entries()) {
    if (index % STEP === STEP - 1) yield;
    const covered = coverOf(lease, holdOf, covering, now);
    if (covered === 'none') open.push(lease);
    if (covered !== 'running' && isExpired(lease, now)) expired.push(lease);
  }
  const end = holds.filter((hold) => !covering.has(hold));
  if (expired.length === 0) return { evict: [], place: [], end };

  const place: PlacedHold[] = [];
  const spared = new Set<string>();
  for (const [group, count] of yield* counted(open, now)) {
    const known = count.members - count.arrived;
    const lost = count.silent - count.arrived;
    if (known < options.holdPopulation) continue;
    if (lost > known * options.holdShare) {
      place.push({ group, since: now, until: now + options.holdMs, lost, known });
      spared.add(group);
    } else if (lost + count.undecided > known * options.holdShare) {
      spared.add(group); // Wait: those who had no turn yet will beat or fall silent.
    }
  }
  const openLeases = new Set(open);
  const evict = expired.filter((lease) => !(openLeases.has(lease) && lease.groups.some((group) => spared.has(group))));
  return { evict, place, end };
}

/** Whether a hold covers the lease: a running one spares it, one that has run out only keeps it from being counted again. */
function coverOf(
  lease: Lease,
  holdOf: ReadonlyMap<string, Hold>,
  covering: Set<Hold>,
  now: LeaseMs,
): 'none' | 'run out' | 'running' {
  let cover: 'none' | 'run out' | 'running' = 'none';
  for (const group of lease.groups) {
    const hold = holdOf.get(group);
    if (hold === undefined || lease.born > hold.since || lease.heard > hold.since) continue;
    covering.add(hold);
    if (hold.until > now) cover = 'running';
    else if (cover === 'none') cover = 'run out';
  }
  return cover;
}

interface Count {
  members: number;
  silent: number;
  /** Not silent, and born after the first silence: replacements. */
  arrived: number;
  /** Not silent, no replacement, but not heard since the last expired one was: had no turn yet. */
  undecided: number;
  /** Last sign of life of the silent one that was heard longest ago. */
  firstSilence: LeaseMs;
  /** Of the expired, the latest last sign of life. */
  lastExpired: LeaseMs;
}

/** The groups that have an expired member, counted. */
function* counted(open: readonly Lease[], now: LeaseMs): Generator<void, ReadonlyMap<string, Count>> {
  const counts = new Map<string, Count>();
  for (const [index, lease] of open.entries()) {
    if (index % STEP === STEP - 1) yield;
    if (!isExpired(lease, now)) continue;
    for (const group of lease.groups) {
      const count = counts.get(group);
      if (count === undefined) counts.set(group, newCount(lease.heard));
      else count.lastExpired = Math.max(count.lastExpired, lease.heard);
    }
  }
  for (const [index, lease] of open.entries()) {
    if (index % STEP === STEP - 1) yield;
    const silent = isSilent(lease, now);
    for (const group of lease.groups) {
      const count = counts.get(group);
      if (count === undefined) continue;
      count.members++;
      if (!silent) continue;
      count.silent++;
      count.firstSilence = Math.min(count.firstSilence, lease.heard);
    }
  }
  for (const [index, lease] of open.entries()) {
    if (index % STEP === STEP - 1) yield;
    if (isSilent(lease, now)) continue;
    for (const group of lease.groups) {
      const count = counts.get(group);
      if (count === undefined) continue;
      if (lease.born > count.firstSilence) count.arrived++;
      else if (lease.heard <= count.lastExpired) count.undecided++;
    }
  }
  return counts;
}

function newCount(heard: LeaseMs): Count {
  return { members: 0, silent: 0, arrived: 0, undecided: 0, firstSilence: heard, lastExpired: heard };
}

function isExpired({ heard, duration }: Lease, now: LeaseMs): boolean {
  return now - heard >= duration;
}

/** Half the lease gone without a sign of life, or one and a half heartbeats where that is longer. */
function isSilent({ heard, duration, interval }: Lease, now: LeaseMs): boolean {
  return now - heard >= Math.min(duration, Math.max(duration / 2, 1.5 * interval));
}
