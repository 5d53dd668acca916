/**
 * What the node that holds the sweep token does (F10): reads the leases near their end, judges them with all that are judged together, commits
 * holds first and evictions after. A stalled sweeper's token is void, and the store refuses what comes late.
 */
import type { Clock, Random } from '@heureka/client-sdk/runtime';
import { groupsOf, type Judgement, type JudgeOptions, judgeInSteps, type Lease } from '../registry/judge.ts';
import type { LeaseMs } from '../registry/time.ts';
import type { Replica } from '../replica/replica.ts';
import type {
  Actor,
  ChangeBody,
  Due,
  Hold,
  Position,
  RegistryStore,
  SweepToken,
  Tick,
} from '../store/registry-store.ts';
import type { StoreTime } from './store-time.ts';
import { newToken } from './token.ts';
import { nextTurn } from './turn.ts';

/** A lease is evicted this long after its deadline: a beat may be on its way from another node. */
export const EVICTION_GRACE_MS = 500;
const AT_ONCE = 64;
/** Leases prepared in one turn. */
const SLICE = 2_000;
/** Longest stretch of judging before others have their turn, in ms. */
const TURN_MS = 4;

export interface SweepParts {
  readonly store: RegistryStore;
  readonly clock: Clock;
  readonly replica: Replica;
  readonly time: StoreTime;
  readonly random: Random;
  readonly actor: Actor;
  readonly options: JudgeOptions;
  /** Where the node stands now. */
  readonly position: () => Position;
  readonly holds: () => readonly Hold[];
}

export interface Swept {
  readonly evicted: number;
}

/**
 * @param tick - the one that brought the token
 * @throws SweepOver, StoreAway, Diverged
 */
export async function sweep(
  parts: SweepParts,
  token: SweepToken,
  tick: Pick<Tick, 'lease' | 'opened'>,
): Promise<Swept> {
  const { store } = parts;
  const now = tick.lease;
  const holds = parts.holds();
  const expired = (await leasesOf(parts, await store.due(token, 0), tick)).filter(
    ({ heard, duration }) => now - heard >= duration + EVICTION_GRACE_MS,
  );
  if (expired.length === 0 && holds.length === 0) return { evicted: 0 };
  if (holds.length > 0 && expired.length > 0 && expired.every((lease) => heldNow(lease, holds, now)))
    return { evicted: 0 };

  const all = await leasesOf(parts, await store.due(token, Number.MAX_SAFE_INTEGER), tick);
  const { evict, place, end } = await judged(parts, all, holds, now);
  for (const hold of place) {
    await commit(parts, token, { kind: 'hold', hold: { ...hold, at: parts.time.now, by: parts.actor.node } }, 0);
  }
  for (const hold of end) await commit(parts, token, { kind: 'release', hold }, 0);

  const due = evict.filter(({ heard, duration }) => now - heard >= duration + EVICTION_GRACE_MS);
  let evicted = 0;
  for (let from = 0; from < due.length; from += AT_ONCE) {
    const done = await Promise.all(due.slice(from, from + AT_ONCE).map((lease) => evictOne(parts, token, lease)));
    evicted += done.filter(Boolean).length;
  }
  return { evicted };
}

function heldNow(lease: Lease, holds: readonly Hold[], now: LeaseMs): boolean {
  return holds.some(
    ({ group, since, until }) =>
      until > now && lease.groups.includes(group) && lease.born <= since && lease.heard <= since,
  );
}

/** Judges without keeping anybody else from their turn for long. */
async function judged(
  { clock, options }: SweepParts,
  leases: readonly Lease[],
  holds: readonly Hold[],
  now: LeaseMs,
): Promise<Judgement> {
  const steps = judgeInSteps(leases, holds, now, options);
  for (let began = clock.monotonic(); ; ) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (clock.monotonic() - began < TURN_MS) continue;
    await nextTurn();
    began = clock.monotonic();
  }
}

async function leasesOf(
  { replica, time }: SweepParts,
  due: readonly Due[],
  { lease: now, opened }: Pick<Tick, 'lease' | 'opened'>,
): Promise<readonly Lease[]> {
  const leases: Lease[] = [];
  const at = time.now;
  for (const [index, { key, age, duration }] of due.entries()) {
    if (index % SLICE === SLICE - 1) await nextTurn();
    const entry = replica.entry(key);
    if (entry === undefined) continue; // Not applied here yet, or gone already: the next sweep sees it.
    const { info, registeredAt } = entry.record;
    leases.push({
      key,
      groups: groupsOf(info),
      heard: Math.max(now - age, opened),
      born: now - Math.max(0, at - registeredAt),
      duration,
      interval: info.leaseInfo.renewalIntervalInSecs * 1_000,
    });
  }
  return leases;
}

async function evictOne(parts: SweepParts, token: SweepToken, lease: Lease): Promise<boolean> {
  const entry = parts.replica.entry(lease.key);
  if (entry === undefined) return false;
  const removal: ChangeBody = {
    kind: 'remove',
    key: lease.key,
    last: entry.record,
    why: 'evict',
    heard: parts.time.now - (parts.time.lease - lease.heard),
    cancelledAt: 0,
  };
  return commit(parts, token, removal, entry.served.revision);
}

/** @returns false when something else stands there, or it has been heard meanwhile */
async function commit(parts: SweepParts, sweep: SweepToken, change: ChangeBody, expected: number): Promise<boolean> {
  const { store, random, actor, position } = parts;
  const answer = await store.commit({ token: newToken(random), on: position(), expected, change, by: actor, sweep });
  return answer.is === 'committed';
}
