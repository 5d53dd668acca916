/**
 * The health of a service's instances: the only place that changes a slot's state. Detectors eject (refused connections, failures in a row,
 * failure rate, outliers), the slot's clock opens it for one probe, the probe's success closes the matter.
 *
 * Reads no clock: outcomes and ticks bring their time. Outcomes of attempts from before a turn of the state change counters only.
 */
import type { BreakerOptions, Health, HealthEvent, Instance } from '../api.ts';
import type { FailureRate, FailureRates } from '../breaker/failure-rate.ts';
import { fullJitter } from '../runtime/backoff.ts';
import type { Random } from '../runtime/random.ts';
import type { Slot } from './balancer.ts';
import { TUNING } from './balancer-options.ts';
import { type Outcomes, outliers } from './outliers.ts';
import { type Slots, State } from './slots.ts';

export interface HealthParts {
  readonly slots: Slots;
  readonly breaker: Omit<BreakerOptions, 'isFailure'> | false;
  readonly rates: FailureRates | undefined;
  readonly random: Random;
  /** Whether the instance accepts a TCP connection. */
  readonly probe: (instance: Instance) => Promise<boolean>;
  /** The latency that an instance is given which comes back, in ms. */
  readonly guessMs: () => number;
  readonly changed: (slot: Slot, from: Health, to: Health, reason: HealthEvent['reason'], until?: number) => void;
  /** Who may be picked has changed, without a change of health. */
  readonly touched: () => void;
}

export class HealthTable {
  readonly #parts: HealthParts;
  readonly #slots: Slots;
  readonly #rates: (FailureRate | undefined)[] = [];
  #sweptAt: number | undefined;
  #closed = false;

  constructor(parts: HealthParts) {
    this.#parts = parts;
    this.#slots = parts.slots;
  }

  /** @param current - the attempt began in the slot's present generation */
  ok(slot: Slot, current: boolean, now: number): void {
    const slots = this.#slots;
    slots.okNow[slot]!++;
    if (!current) return;
    if (slots.state[slot] === State.HEALTHY) {
      slots.consecutive[slot] = slots.connectFailures[slot] = slots.spared[slot] = 0;
      if (slots.suspect[slot] === 1) this.#cleared(slot);
      this.#rates[slot]?.settled(true);
    } else if (slots.admitted[slot] === 0) {
      this.ignored(slot, current, now);
    } else if (
      slots.state[slot] === State.PROBE_BUSY ||
      (slots.state[slot] === State.EJECTED && slots.hard[slot] === 0)
    ) {
      this.#revive(slot, now);
    }
  }

  failed(slot: Slot, current: boolean, now: number): void {
    const slots = this.#slots;
    const { breaker } = this.#parts;
    slots.failedNow[slot]!++;
    if (!current) return;
    if (slots.admitted[slot] === 0) {
      this.ignored(slot, current, now);
    } else if (slots.state[slot] === State.PROBE_BUSY) {
      this.#eject(slot, 'probe-failed', false, now);
    } else if (slots.state[slot] === State.HEALTHY) {
      slots.consecutive[slot]!++;
      slots.connectFailures[slot] = 0;
      this.#count(slot, now);
      // The count may have ejected it.
      if (breaker === false || slots.state[slot] !== State.HEALTHY) return;
      if (slots.consecutive[slot]! >= breaker.consecutive) this.#ejectSoft(slot, 'consecutive', now);
    }
  }

  connectFailed(slot: Slot, current: boolean, now: number): void {
    const slots = this.#slots;
    slots.failedNow[slot]!++;
    if (!current) return;
    if (slots.admitted[slot] === 0) {
      this.ignored(slot, current, now);
    } else if (slots.state[slot] === State.PROBE_BUSY) {
      this.#eject(slot, 'probe-failed', true, now);
    } else if (slots.state[slot] === State.HEALTHY) {
      slots.consecutive[slot]!++;
      slots.connectFailures[slot]!++;
      if (slots.connectFailures[slot]! >= TUNING.connectFailures) {
        this.#eject(slot, 'connect', true, now);
        return;
      }
      if (slots.suspect[slot] === 0) {
        slots.suspect[slot] = 1;
        // Nobody may pick it for as long as others are clean, so the ticker asks.
        slots.until[slot] = now + TUNING.tcpProbe.baseMs;
        this.#parts.touched();
      }
      this.#count(slot, now);
    }
  }

  /** The attempt says nothing: a probe that ends so is given to the next call. */
  ignored(slot: Slot, current: boolean, now: number): void {
    if (current && this.#slots.state[slot] === State.PROBE_BUSY) this.#open(slot, now);
  }

  /** The slot's turn has come: the call that got it is the probe. */
  takeProbe(slot: Slot, now: number): void {
    this.#slots.state[slot] = State.PROBE_BUSY;
    this.#slots.since[slot] = now;
    this.#parts.touched();
  }

  /** The instance left, or is not wanted for now: its failure rate is watched no more; its state stays. */
  leave(slot: Slot): void {
    this.#forgetRate(slot);
  }

  tick(now: number): void {
    const slots = this.#slots;
    for (let slot = 0; slot < slots.size; slot++) {
      if (slots.admitted[slot] === 0) continue;
      const state = slots.state[slot];
      if (state === State.HEALTHY) {
        if (slots.suspect[slot] === 1 && slots.until[slot]! <= now) this.#askTcp(slot, now);
        if (this.#rates[slot] !== undefined && now - slots.failedAt[slot]! >= TUNING.cleanMs) this.#forgetRate(slot);
      } else if (state === State.EJECTED) {
        if (slots.until[slot]! > now) continue;
        if (slots.hard[slot] === 1) this.#askTcp(slot, now);
        else this.#expire(slot, now);
      } else if (state === State.PROBE_BUSY && now - slots.since[slot]! >= TUNING.lostProbeMs) {
        this.#open(slot, now);
      }
    }
    this.#sweptAt ??= now;
    if (now - this.#sweptAt >= TUNING.sweepMs) {
      this.#sweptAt = now;
      this.#sweep(now);
    }
    this.#parts.rates?.rotate();
  }

  /** The process stood still for `ms`: nobody has served this time. */
  postpone(ms: number): void {
    const slots = this.#slots;
    for (let slot = 0; slot < slots.size; slot++) if (slots.state[slot] === State.EJECTED) slots.until[slot]! += ms;
  }

  close(): void {
    this.#closed = true;
    for (let slot = 0; slot < this.#rates.length; slot++) this.#forgetRate(slot);
  }

  #count(slot: Slot, now: number): void {
    const slots = this.#slots;
    slots.failedAt[slot] = now;
    const { rates } = this.#parts;
    if (rates === undefined) return;
    // This failure is fed below, so it is not among those before it.
    let rate = this.#rates[slot];
    if (rate === undefined) {
      rate = this.#watch(slot, { ok: this.#recent(slots.okNow, slots.okLast, slot, now), failed: 0 });
    }
    rate?.settled(false);
  }

  #watch(slot: Slot, before: { ok: number; failed: number }): FailureRate | undefined {
    const rate = this.#parts.rates?.start(before, () => {
      if (this.#rates[slot] === rate) this.#tripped(slot);
    });
    this.#rates[slot] = rate;
    return rate;
  }

  #tripped(slot: Slot): void {
    this.#rates[slot] = undefined;
    const now = this.#slots.failedAt[slot]!;
    // Refused by the cap: it is watched from zero.
    if (!this.#ejectSoft(slot, 'rate', now)) this.#watch(slot, { ok: 0, failed: 0 });
  }

  /** About the last 10 s of a count: this interval, and of the one before what still belongs to them. */
  #recent(current: Int32Array, last: Int32Array, slot: Slot, now: number): number {
    const elapsed = Math.min(1, Math.max(0, (now - (this.#sweptAt ?? now)) / TUNING.sweepMs));
    return current[slot]! + Math.round(last[slot]! * (1 - elapsed));
  }

  /** @returns false: refused, since too many are out already, or it is the last one */
  #ejectSoft(slot: Slot, reason: 'consecutive' | 'rate' | 'outlier', now: number): boolean {
    const slots = this.#slots;
    let reachable = 0;
    let out = 0;
    for (let other = 0; other < slots.size; other++) {
      if (slots.admitted[other] === 0 || (slots.state[other] === State.EJECTED && slots.hard[other] === 1)) continue;
      reachable++;
      if (slots.state[other] !== State.HEALTHY) out++;
    }
    const cap = Math.max(1, Math.floor(reachable * TUNING.maxEjectShare));
    if (out + 1 > cap || reachable - out < 2) {
      slots.spared[slot] = 1;
      return false;
    }
    this.#eject(slot, reason, false, now);
    return true;
  }

  #eject(slot: Slot, reason: HealthEvent['reason'], hard: boolean, now: number): void {
    const slots = this.#slots;
    const { breaker, random } = this.#parts;
    const from = shown(slots.state[slot]!);
    this.#forgetRate(slot);
    slots.turn(slot);
    slots.state[slot] = State.EJECTED;
    slots.since[slot] = now;
    slots.hard[slot] = hard ? 1 : 0;
    slots.suspect[slot] = slots.spared[slot] = slots.consecutive[slot] = slots.connectFailures[slot] = 0;
    slots.slowSince[slot] = Number.NEGATIVE_INFINITY;
    const k = ++slots.ejections[slot]!;
    if (hard) {
      // A TCP probe that had succeeded before a failed one starts no hammering.
      slots.tcpFailures[slot] = k - 1;
      slots.until[slot] = now + this.#tcpPause(slot);
    } else {
      const { baseEjectMs, maxEjectMs } = breaker === false ? WITHOUT_BREAKER : breaker;
      const ms = Math.min(baseEjectMs * k, maxEjectMs);
      slots.until[slot] = now + ms * (1 + TUNING.ejectJitter * random());
    }
    this.#parts.changed(slot, from, 'ejected', reason, slots.until[slot]);
  }

  #tcpPause(slot: Slot): number {
    return fullJitter(this.#slots.tcpFailures[slot]!, TUNING.tcpProbe, this.#parts.random);
  }

  /** Asks whether somebody listens there. Never with a user's call: it could wait a second for nothing. */
  #askTcp(slot: Slot, now: number): void {
    const slots = this.#slots;
    if (slots.tcpProbing[slot] === 1) return;
    const generation = slots.generation[slot]!;
    slots.tcpProbing[slot] = 1;
    const answered = (connected: boolean): void => {
      if (this.#closed || slots.generation[slot] !== generation) return;
      slots.tcpProbing[slot] = 0;
      if (slots.admitted[slot] === 0) return;
      if (slots.state[slot] === State.HEALTHY) {
        if (slots.suspect[slot] === 0) return;
        if (connected) this.#cleared(slot);
        else this.connectFailed(slot, true, now);
      } else if (connected) {
        this.#expire(slot, now);
      } else {
        slots.tcpFailures[slot]!++;
        slots.until[slot] = now + this.#tcpPause(slot);
      }
    };
    this.#parts.probe(slots.instances[slot]!).then(answered, () => answered(false));
  }

  #cleared(slot: Slot): void {
    this.#slots.suspect[slot] = 0;
    this.#slots.connectFailures[slot] = 0;
    this.#parts.touched();
  }

  /** The ejection is over: one call may try. */
  #expire(slot: Slot, now: number): void {
    this.#open(slot, now);
    this.#parts.changed(slot, 'ejected', 'probing', 'expired');
  }

  #open(slot: Slot, now: number): void {
    this.#slots.turn(slot);
    this.#slots.state[slot] = State.PROBING;
    this.#slots.since[slot] = now;
    this.#parts.touched();
  }

  #revive(slot: Slot, now: number): void {
    const slots = this.#slots;
    const from = shown(slots.state[slot]!);
    slots.state[slot] = State.HEALTHY;
    slots.since[slot] = slots.slowSince[slot] = now;
    slots.hard[slot] = slots.consecutive[slot] = slots.connectFailures[slot] = 0;
    slots.okNow[slot] = slots.failedNow[slot] = slots.okLast[slot] = slots.failedLast[slot] = 0;
    // It is judged anew: with its old penalties nobody would pick it for another minute.
    slots.ewmaMs[slot] = this.#parts.guessMs();
    slots.stampMs[slot] = now;
    this.#parts.changed(slot, from, 'healthy', 'probe-ok');
  }

  #sweep(now: number): void {
    const slots = this.#slots;
    const judged: Outcomes[] = [];
    for (let slot = 0; slot < slots.size; slot++) {
      if (slots.state[slot] !== State.HEALTHY || slots.admitted[slot] === 0) continue;
      if (slots.ejections[slot]! > 0 && now - slots.since[slot]! >= TUNING.sweepMs) slots.ejections[slot]!--;
      judged.push({ slot, ok: slots.okNow[slot]!, failed: slots.failedNow[slot]! });
    }
    if (this.#parts.breaker !== false) for (const slot of outliers(judged)) this.#ejectSoft(slot, 'outlier', now);
    slots.okLast.set(slots.okNow);
    slots.failedLast.set(slots.failedNow);
    slots.begunLast.set(slots.begunNow);
    slots.okNow.fill(0);
    slots.failedNow.fill(0);
    slots.begunNow.fill(0);
  }

  #forgetRate(slot: Slot): void {
    this.#rates[slot]?.close();
    this.#rates[slot] = undefined;
  }
}

/** A probe that fails is ejected again, with the breaker off too. */
const WITHOUT_BREAKER = { baseEjectMs: 10_000, maxEjectMs: 300_000 };

/** The state as users see it. */
export function shown(state: number): Health {
  if (state === State.EJECTED) return 'ejected';
  return state === State.PROBING || state === State.PROBE_BUSY ? 'probing' : 'healthy';
}
