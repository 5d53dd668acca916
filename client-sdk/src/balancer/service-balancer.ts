/**
 * The balancer of one service: keeps a slot for each instance it may call, feeds outcomes to their health and load, and has a view choose.
 *
 * Cold work (sorting views, zone shares, tables) is done at the first pick after a change, once for all changes before it. It owns no timer
 * and opens no socket: ticks and the TCP probe are given. A closed one answers `NO_SLOT`.
 */
import type { Health, HealthEvent, Instance, ServiceReport } from '../api.ts';
import { FailureRates } from '../breaker/failure-rate.ts';
import type { CachedService } from '../cache/instance-cache.ts';
import { Emitter } from '../runtime/emitter.ts';
import type { Random } from '../runtime/random.ts';
import { type Balancer, Outcome, type Slot, type Ticket, type Want } from './balancer.ts';
import { type BalancerOptions, TUNING } from './balancer-options.ts';
import { Dice } from './dice.ts';
import { HealthTable } from './health.ts';
import { type Audience, countByZone, Membership } from './membership.ts';
import { type PolicyKind, policyKind } from './policies/policies.ts';
import { serviceReport } from './report.ts';
import { Slots, State } from './slots.ts';
import { slowStartFactor } from './slow-start.ts';
import { type Surroundings, View } from './view.ts';

export interface ServiceBalancerParts {
  readonly options: BalancerOptions;
  readonly random: Random;
  /** The zone this process runs in; undefined: unknown. Asked when something has changed, and once a second. */
  readonly ownZone: () => string | undefined;
  /** Our own application, for how many of us call from each zone; undefined: not registered. */
  readonly ownApp: () => CachedService | undefined;
  /** Whether the instance accepts a TCP connection; bounded in time by whoever does it. A rejection counts as no. */
  readonly probe: (instance: Instance) => Promise<boolean>;
}

type SlotEvent = { readonly slot: Slot; readonly instance: Instance; readonly is: 'draining' | 'restored' | 'freed' };
type SlotHealthEvent = HealthEvent & { readonly slot: Slot; readonly to: Health };

/** How much a new answer counts in the mean of good ones. */
const MEAN_WEIGHT = 0.1;

export class ServiceBalancer implements Balancer {
  readonly #parts: ServiceBalancerParts;
  readonly #slots = new Slots();
  readonly #health: HealthTable;
  readonly #membership: Membership;
  readonly #dice: Dice;
  readonly #kind: PolicyKind;
  /** Of every kind of call; and of the calls with a `hint`, by it, the latest used last. */
  readonly #base: View;
  readonly #hinted = new Map<string, Audience>();
  readonly #onHealth = new Emitter<SlotHealthEvent>();
  readonly #onSlot = new Emitter<SlotEvent>();
  readonly #onPanic = new Emitter<boolean>();
  readonly onHealth = this.#onHealth.subscribe;
  readonly onPanic = this.#onPanic.subscribe;
  readonly onSlot = this.#onSlot.subscribe;
  #service: CachedService | undefined;
  #listed = false;
  #around: Surroundings = { panic: false, ownZone: undefined, callers: new Map() };
  #seenOwnApp: CachedService | undefined;
  /** Grows with every change of who may be picked; a view of another version is sorted before use. */
  #version = 0;
  #surveyed = -1;
  #medianMs: number = TUNING.firstGuessMs;
  /** The latest time that was told; updates bring none. */
  #now = 0;
  #tickedAt: number | undefined;
  #stallEndedAt = Number.NEGATIVE_INFINITY;
  #isMedianOld = false;
  #isAnySlow = false;
  #closed = false;

  constructor(parts: ServiceBalancerParts) {
    const { options, random, probe } = parts;
    const guessMs = (): number => this.#medianMs;
    this.#parts = parts;
    this.#dice = new Dice(random);
    this.#kind = policyKind(options.policy, this.#dice);
    this.#health = new HealthTable({
      slots: this.#slots,
      breaker: options.breaker,
      rates: options.breaker === false ? undefined : new FailureRates(options.breaker),
      random,
      probe,
      guessMs,
      changed: (slot, from, to, reason, until) => this.#healthChanged(slot, from, to, reason, until),
      touched: () => void this.#version++,
    });
    this.#membership = new Membership({
      slots: this.#slots,
      seed: Math.floor(random() * 2 ** 32),
      guessMs,
      changed: (slot, instance, is) => {
        if (is !== 'restored') this.#health.leave(slot);
        this.#onSlot.emit({ slot, instance, is });
      },
    });
    this.#base = this.#newView();
  }

  get panic(): boolean {
    return this.#around.panic;
  }

  get medianMs(): number {
    return this.#medianMs;
  }

  pick(now: number, want: Want): Slot {
    // Small, for it is inlined whole. Views of a closed one are empty.
    const view = this.#base;
    return (view.version === this.#version && want.hint === undefined ? view : this.#sorted(want.hint)).pick(now, want);
  }

  begin(slot: Slot, now: number): Ticket {
    const slots = this.#slots;
    this.#now = now;
    slots.inflight[slot]!++;
    slots.begunNow[slot]!++;
    slots.wait(slot, now);
    return slots.generation[slot]!;
  }

  judge(slot: Slot, ticket: Ticket, outcome: Outcome, ms: number, now: number, penaltyMs: number): void {
    const slots = this.#slots;
    if (this.#closed || !slots.holds(slot, ticket)) return;
    this.#now = now;
    slots.hear(slot, now);
    const current = ticket === slots.generation[slot];
    if (outcome === Outcome.OK) {
      if (!this.#stoodStill(ms, now)) {
        slots.observe(slot, ms, now);
        this.#isMedianOld = true;
        slots.okMs[slot] = slots.okMs[slot] === 0 ? ms : slots.okMs[slot]! + (ms - slots.okMs[slot]!) * MEAN_WEIGHT;
      }
      this.#health.ok(slot, current, now);
    } else if (outcome === Outcome.IGNORED) {
      this.#health.ignored(slot, current, now);
    } else {
      slots.observe(slot, Math.max(ms, this.#penalty(penaltyMs)), now);
      if (outcome === Outcome.FAILED) this.#health.failed(slot, current, now);
      else this.#health.connectFailed(slot, current, now);
    }
  }

  end(slot: Slot, ticket: Ticket): void {
    const slots = this.#slots;
    if (!slots.holds(slot, ticket) || slots.inflight[slot] === 0) return;
    slots.inflight[slot]!--;
    slots.limitWaiting(slot);
    this.#health.ignored(slot, ticket === slots.generation[slot], this.#now);
    if (slots.inflight[slot] === 0 && slots.gone[slot] === 1) this.#membership.free(slot);
  }

  busy(slot: Slot): boolean {
    return this.#slots.inflight[slot]! > 0;
  }

  instance(slot: Slot): Instance {
    const instance = this.#slots.instances[slot];
    if (instance === undefined) throw new RangeError(`slot ${slot} is free`);
    return instance;
  }

  eligible(want: Want): number {
    return this.#closed ? 0 : this.#sorted(want.hint).eligible(want.tried);
  }

  update(service: CachedService): void {
    if (this.#closed) return;
    this.#service = service;
    this.#follow(service, this.#listed);
    // A client's restart makes nobody new.
    if (service.all.length > 0) this.#listed = true;
  }

  tick(now: number): void {
    if (this.#closed) return;
    if (this.#tickedAt !== undefined && now - this.#tickedAt >= TUNING.stallMs) {
      this.#stallEndedAt = now;
      this.#health.postpone(now - this.#tickedAt);
    }
    this.#now = this.#tickedAt = now;
    this.#health.tick(now);
    if (this.#isMedianOld) this.#medianMs = this.#median();
    this.#membership.forget(now);
    if (this.#isAnySlow) this.#reweigh(now);
    if (this.#parts.ownApp() !== this.#seenOwnApp || this.#parts.ownZone() !== this.#around.ownZone) this.#version++;
  }

  report(now: number): ServiceReport {
    const view = this.#sorted(undefined);
    return serviceReport({
      service: this.#service,
      slots: this.#slots,
      slotOf: (instance) => this.#membership.slotOf(instance),
      isEligible: (slot) => view.isEligible(slot),
      zoneShare: (zone) => view.share(zone),
      policyError: this.#kind.thrown?.(),
      panic: this.#around.panic,
      ownZone: this.#around.ownZone,
      onlyOwnZone: this.#parts.options.zoneMode === 'exclusive',
      now,
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#version++;
    this.#health.close();
    const { size, instances } = this.#slots;
    for (let slot = 0; slot < size; slot++) if (instances[slot] !== undefined) this.#membership.free(slot);
  }

  // --- views

  #newView(): View {
    const { options } = this.#parts;
    return new View({
      slots: this.#slots,
      zoneMode: options.zoneMode,
      kind: this.#kind,
      dice: this.#dice,
      probeWaitMs: options.breaker === false ? TUNING.sweepMs : options.breaker.baseEjectMs,
      takeProbe: (slot, now) => this.#health.takeProbe(slot, now),
    });
  }

  #sorted(hint: Want['hint']): View {
    const view = hint === undefined ? this.#base : this.#forHint(hint);
    if (view.version !== this.#version) {
      if (this.#surveyed !== this.#version) this.#survey();
      view.sort(this.#around);
      view.version = this.#version;
    }
    return view;
  }

  #forHint(hint: Readonly<Record<string, string>>): View {
    const wanted = Object.entries(hint).sort(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify(wanted);
    const known = this.#hinted.get(key);
    if (known !== undefined) {
      this.#hinted.delete(key);
      this.#hinted.set(key, known);
      return known.view;
    }
    const admits = ({ metadata }: Instance): boolean =>
      wanted.every(([name, value]) => Object.hasOwn(metadata, name) && metadata[name] === value);
    const view = this.#newView();
    if (this.#hinted.size >= TUNING.hintViews) this.#hinted.delete(this.#hinted.keys().next().value!);
    this.#hinted.set(key, { view, admits });
    if (this.#service !== undefined && !this.#closed) this.#follow(this.#service, false);
    return view;
  }

  #follow(service: CachedService, areNew: boolean): void {
    const audiences = [{ view: this.#base, admits: () => true }, ...this.#hinted.values()];
    this.#membership.follow(service, audiences, areNew, this.#now);
    this.#weigh(this.#now);
    this.#version++;
  }

  /** Panic, our zone and our peers: what all views are sorted by. */
  #survey(): void {
    this.#surveyed = this.#version;
    const slots = this.#slots;
    let all = 0;
    let healthy = 0;
    for (let slot = 0; slot < slots.size; slot++) {
      if (slots.admitted[slot] === 0) continue;
      all += slots.weight[slot]!;
      if (slots.state[slot] === State.HEALTHY) healthy += slots.weight[slot]!;
    }
    const ownZone = this.#parts.ownZone();
    const ownApp = this.#parts.ownApp();
    const callers = ownApp === this.#seenOwnApp ? this.#around.callers : countByZone(ownApp?.instances ?? []);
    this.#seenOwnApp = ownApp;
    const panic = healthy < all * TUNING.panicShare;
    const changed = panic !== this.#around.panic;
    this.#around = { panic, ownZone, callers };
    if (changed) this.#onPanic.emit(panic);
    if (this.#parts.options.zoneMode !== 'bias') return;
    for (let slot = 0; slot < slots.size; slot++) {
      const isAbroad = ownZone !== undefined && slots.instances[slot]?.zone !== ownZone;
      slots.bias[slot] = isAbroad ? TUNING.crossZoneCost : 1;
    }
  }

  // --- load

  /** Weights as they count now: those that warm up grow, unless so many do that all would be scaled alike. */
  #weigh(now: number): void {
    const slots = this.#slots;
    const { windowMs, mostShare } = TUNING.slowStart;
    let members = 0;
    let warming = 0;
    for (let slot = 0; slot < slots.size; slot++) {
      if (slots.admitted[slot] === 0) continue;
      members++;
      if (now - slots.slowSince[slot]! < windowMs) warming++;
    }
    const isThrottled = warming > 0 && warming <= members * mostShare;
    for (let slot = 0; slot < slots.size; slot++) {
      const factor = isThrottled ? slowStartFactor(now - slots.slowSince[slot]!) : 1;
      slots.effective[slot] = slots.weight[slot]! * factor;
    }
    this.#isAnySlow = warming > 0;
  }

  #reweigh(now: number): void {
    this.#weigh(now);
    // The others are sorted before their next use.
    if (this.#base.version === this.#version) this.#base.reweigh();
    for (const { view } of this.#hinted.values()) if (view.version === this.#version) view.reweigh();
  }

  #penalty(askedMs: number): number {
    const usual = Math.max(TUNING.penaltyMs, TUNING.penaltyMedians * this.#medianMs);
    return Math.min(Math.max(usual, askedMs), TUNING.maxPenaltyMs);
  }

  /** Whether the time measured may be our own: then the busiest instances would look the slowest. */
  #stoodStill(ms: number, now: number): boolean {
    return now - ms < this.#stallEndedAt || (this.#tickedAt !== undefined && now - this.#tickedAt >= TUNING.stallMs);
  }

  /** Of good answers only: with penalties in it, a service that fails would raise its own penalty without end. */
  #median(): number {
    this.#isMedianOld = false;
    const slots = this.#slots;
    const known: number[] = [];
    for (let slot = 0; slot < slots.size; slot++) {
      if (slots.admitted[slot] === 1 && slots.okMs[slot]! > 0) known.push(slots.okMs[slot]!);
    }
    if (known.length === 0) return this.#medianMs;
    known.sort((a, b) => a - b);
    return known[known.length >> 1]!;
  }

  #healthChanged(slot: Slot, from: Health, to: Health, reason: HealthEvent['reason'], until?: number): void {
    this.#version++;
    // A slot that came back starts slowly, from the next pick on.
    if (to === 'healthy') this.#weigh(this.#now);
    if (!this.#onHealth.heard) return;
    this.#onHealth.emit({
      service: this.#service?.service ?? '',
      instance: this.instance(slot).id,
      from,
      to,
      reason,
      ...(until === undefined ? {} : { until }),
      slot,
    });
  }
}
