/**
 * The port between the attempt engine (`call/`) and the choice of an instance. One balancer a service.
 *
 * An instance occupies a *slot*, a small integer that is stable for as long as the instance is known; what is known of its health and load
 * lives in arrays by slot. All times are monotonic milliseconds, passed in: a balancer reads no clock.
 */
import type { Health, HealthEvent, Instance, ServiceReport } from '../api.ts';
import type { CachedService } from '../cache/instance-cache.ts';
import type { Subscribe } from '../runtime/emitter.ts';

export type Slot = number;
/** `pick` found nobody. */
export const NO_SLOT: Slot = -1;

/** Tells an attempt's own time in a slot from a later one: what arrives for an earlier generation changes metrics only. */
export type Ticket = number;

/** What an attempt says about the instance's health. Numbers, as they travel on the hot path. */
export const Outcome = {
  /** Answered in a way that speaks for it (4xx too). */
  OK: 0,
  /** Counts against it: reset, header time-out, 502/503/504 (or as `breaker.isFailure` says). */
  FAILED: 1,
  /** Connect refused, timed out, or no route: nothing was sent. */
  CONNECT_FAILED: 2,
  /** Says nothing: aborted, orphaned, the caller's mistake, our own deadline too short. */
  IGNORED: 3,
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** What a call needs of its next instance. One object a call, changed by its owner between attempts; a balancer keeps no reference. */
export interface Want {
  /** Slots that this call has tried, in order. */
  readonly tried: Slot[];
  /** The call may be sent again elsewhere if this attempt fails: only such a call is given a probe (at first). */
  repeatable: boolean;
  /** The previous attempt was never sent: an untried clean instance of another zone comes first. */
  neverSent: boolean;
  readonly affinityKey: string | undefined;
  /** Metadata that the instance must have; undefined: any. */
  readonly hint: Readonly<Record<string, string>> | undefined;
}

export interface Balancer {
  /** Chooses a slot; `NO_SLOT` when nobody can be chosen. O(1), allocates nothing (without `hint`). Changes no counter but the probe's. */
  pick(now: number, want: Want): Slot;
  /** An attempt on this slot begins: in flight + 1. Exactly one `end` must follow. */
  begin(slot: Slot, now: number): Ticket;
  /**
   * What became known of the attempt: once at its response headers or error; once more, FAILED, when the body is cut afterwards.
   *
   * @param ms - from dispatch to response headers or error
   * @param penaltyMs - the least latency to observe for a failure (from `Retry-After`), 0 for the default penalty
   */
  judge(slot: Slot, ticket: Ticket, outcome: Outcome, ms: number, now: number, penaltyMs: number): void;
  /** The attempt is over (body read, error, abort, upgrade): in flight - 1. A second call for one ticket is ignored by contract of the caller. */
  end(slot: Slot, ticket: Ticket): void;
  /** Whether attempts on this slot are under way. */
  busy(slot: Slot): boolean;
  /** The slot's instance. @throws {RangeError} for a slot that is free */
  instance(slot: Slot): Instance;
  /** Instances that could be picked now, without those tried. */
  eligible(want: Want): number;
  /** Median of the instances' latency estimates, in ms: the least time that an attempt makes sense in. */
  readonly medianMs: number;
  /** A new list; slots of instances that stay keep all that is known of them. */
  update(service: CachedService): void;
  /** Once a second: ejections that end, sweeps, slow start, breaker windows. */
  tick(now: number): void;
  report(now: number): ServiceReport;
  /** Fires on every change of health, with its slot. `connect` ejections: whoever waits for a connection there should pick again. */
  readonly onHealth: Subscribe<HealthEvent & { readonly slot: Slot; readonly to: Health }>;
  /** Fires when a slot's instance leaves (draining: no new attempts) and when the slot is freed: pools follow it. */
  readonly onSlot: Subscribe<{
    readonly slot: Slot;
    readonly instance: Instance;
    readonly is: 'draining' | 'restored' | 'freed';
  }>;
  /** Too few instances are healthy: those ejected for failing are used too. */
  readonly panic: boolean;
  /** Fires when panic begins or ends; noticed at the first pick or tick after its cause. */
  readonly onPanic: Subscribe<boolean>;
  close(): void;
}
