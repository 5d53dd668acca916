/**
 * The instances that one kind of call may go to (all of the service, or those with some metadata), sorted so that a pick is a few draws:
 * by zone and by health. Sorted again only when something has changed; in between it is right by the slots' states.
 *
 * A pick looks for, in this order: a free probe; clean ones of the zone drawn; clean ones of any zone; suspects; unconfirmed ones; a probe
 * though the call cannot be repeated; and only then one that this call has tried.
 */
import type { BalancerPolicy, ServiceOptions } from '../api.ts';
import { NO_SLOT, type Slot, type Want } from './balancer.ts';
import { type Dice, SIDES } from './dice.ts';
import { type Group, GroupView } from './group-view.ts';
import { hash32 } from './hash.ts';
import type { PolicyKind } from './policies/policies.ts';
import { scan } from './policies/scan.ts';
import { type Slots, State } from './slots.ts';
import { type ZoneCount, zoneShares } from './zones.ts';

/** What sorting depends on beside the slots themselves. */
export interface Surroundings {
  readonly panic: boolean;
  readonly ownZone: string | undefined;
  /** UP instances of our own application, by zone. */
  readonly callers: ReadonlyMap<string, number>;
}

export interface ViewParts {
  readonly slots: Slots;
  readonly zoneMode: ServiceOptions['zoneMode'];
  readonly kind: PolicyKind;
  readonly dice: Dice;
  /** The time after which a probe is given to any call, in ms. */
  readonly probeWaitMs: number;
  /** A probe was taken: the slot's state must say so. */
  readonly takeProbe: (slot: Slot, now: number) => void;
}

interface Zone extends Group {
  readonly name: string;
  readonly share: number;
  /** Of the dice: its share in whole numbers. */
  readonly sides: number;
}

const NOBODY: readonly Slot[] = [];

export class View {
  /** Slots of its instances, eligible or not; and UP instances by zone, those outside our subset too. */
  members: readonly Slot[] = NOBODY;
  upByZone: ReadonlyMap<string, number> = new Map();
  /** The state of the service that it was sorted for. */
  version = -1;
  readonly #parts: ViewParts;
  readonly #all: Group;
  #zones: Zone[] = [];
  readonly #policies = new Map<string, BalancerPolicy>();
  /** Whether calls are shared out by zone; and the zone that gets them all. */
  #zoned = false;
  #direct: Zone | undefined;
  /** Whom to ask when nothing is out of the ordinary: no probe is free, and one group gets all calls. */
  #plain: BalancerPolicy | undefined;
  #suspects: readonly Slot[] = NOBODY;
  #unconfirmed: readonly Slot[] = NOBODY;
  #probes: readonly Slot[] = NOBODY;

  constructor(parts: ViewParts) {
    this.#parts = parts;
    this.#all = { policy: parts.kind.make(), view: new GroupView(NOBODY, parts.slots) };
  }

  pick(now: number, want: Want): Slot {
    // Small, for it is inlined whole: see `Slots.latencyMs`.
    if (this.#plain !== undefined && !want.neverSent) {
      const slot = this.#plain.pick(now, want.tried, want.affinityKey);
      if (slot !== NO_SLOT) return slot;
    }
    return this.#carefully(now, want);
  }

  /** Instances that could be picked, without those tried. */
  eligible(tried: readonly Slot[]): number {
    let count = 0;
    for (const list of [this.#all.view.slots, this.#suspects, this.#unconfirmed, this.#probes]) {
      count += list.length;
      for (const slot of tried) if (list.includes(slot)) count--;
    }
    return count;
  }

  isEligible(slot: Slot): boolean {
    const lists = [this.#all.view.slots, this.#suspects, this.#unconfirmed, this.#probes];
    return lists.some((list) => list.includes(slot));
  }

  /** The share of calls that goes to this zone; undefined: zones do not count. */
  share(zone: string): number | undefined {
    if (!this.#zoned) return undefined;
    return this.#zones.find(({ name }) => name === zone)?.share ?? 0;
  }

  /** Sorts its instances anew. */
  sort(around: Surroundings): void {
    const { slots, zoneMode } = this.#parts;
    const onlyOwn = zoneMode === 'exclusive' && around.ownZone !== undefined;
    const clean: Slot[] = [];
    const suspects: Slot[] = [];
    const unconfirmed: Slot[] = [];
    const probes: Slot[] = [];
    let listed = 0;
    let doubted = 0;
    for (const slot of this.members) {
      if (slots.admitted[slot] === 0) continue;
      if (onlyOwn && (slots.instances[slot]!.zone ?? '') !== around.ownZone) continue;
      if (slots.unconfirmed[slot] === 0) listed++;
      else doubted++;
      const state = slots.state[slot];
      if (state === State.PROBING) probes.push(slot);
      else if (state === State.HEALTHY || (around.panic && state === State.EJECTED && slots.hard[slot] === 0)) {
        if (slots.unconfirmed[slot] === 1) unconfirmed.push(slot);
        else if (slots.suspect[slot] === 1) suspects.push(slot);
        else clean.push(slot);
      }
    }
    // What the list lacks is asked only while the list has lost more than half.
    this.#unconfirmed = listed < doubted ? unconfirmed : NOBODY;
    this.#suspects = suspects;
    this.#probes = probes;
    this.#setGroup(this.#all, clean);
    this.#sortZones(clean, around);
    const only = this.#zoned ? this.#direct : this.#all;
    this.#plain = probes.length === 0 ? only?.policy : undefined;
  }

  #sortZones(clean: readonly Slot[], around: Surroundings): void {
    const { slots, kind, zoneMode } = this.#parts;
    this.#zoned = false;
    this.#direct = undefined;
    const cleanByZone = byZone(clean, slots);
    const membersByZone = byZone(this.members, slots);
    const targets: ZoneCount[] = [...this.upByZone].map(([zone, up]) => ({
      zone,
      up,
      // In a subset the members stand for all of their zone.
      eligible: (up * (cleanByZone.get(zone)?.length ?? 0)) / Math.max(1, membersByZone.get(zone)?.length ?? 0),
    }));
    const shares = kind.choosesZone
      ? undefined
      : zoneShares({ mode: zoneMode, own: around.ownZone, targets, callers: around.callers, panic: around.panic });
    if (shares === undefined) {
      this.#zones = [];
      return;
    }
    this.#zones = targets.map(({ zone }, index) => {
      const inZone = cleanByZone.get(zone) ?? [];
      let policy = this.#policies.get(zone);
      if (policy === undefined) {
        policy = kind.make();
        this.#policies.set(zone, policy);
      }
      const group = {
        policy,
        view: new GroupView(inZone, slots),
        name: zone,
        share: shares[index]!,
        sides: Math.round(shares[index]! * SIDES),
      };
      policy.update(group.view);
      return group;
    });
    this.#zoned = true;
    this.#direct = this.#zones.find(({ share }) => share === 1);
  }

  /** Weights have changed, nothing else. */
  reweigh(): void {
    this.#all.policy.update(this.#all.view);
    for (const { policy, view } of this.#zones) policy.update(view);
  }

  #setGroup(group: Group, slots: readonly Slot[]): void {
    group.view = new GroupView(slots, this.#parts.slots);
    group.policy.update(group.view);
  }

  #carefully(now: number, want: Want): Slot {
    let slot: Slot = NO_SLOT;
    if (this.#probes.length > 0 || want.neverSent) slot = this.#ahead(now, want);
    if (slot === NO_SLOT && this.#zoned) slot = this.#zone(want).policy.pick(now, want.tried, want.affinityKey);
    if (slot === NO_SLOT) slot = this.#all.policy.pick(now, want.tried, want.affinityKey);
    return slot === NO_SLOT ? this.#whoeverIsLeft(now, want) : slot;
  }

  /** What comes before the draws: a probe, or after a refusal another zone. */
  #ahead(now: number, want: Want): Slot {
    if (want.neverSent && want.tried.length > 0) return this.#elsewhere(now, want);
    return this.#probe(now, want, false);
  }

  #zone(want: Want): Zone {
    if (this.#direct !== undefined) return this.#direct;
    const { kind, dice } = this.#parts;
    const byKey = kind.byKey && want.affinityKey !== undefined;
    let at = byKey ? hash32(want.affinityKey!, 2) >>> 1 : dice.roll();
    for (const zone of this.#zones) {
      at -= zone.sides;
      if (at < 0) return zone;
    }
    // Rounded, they may add up to a hair less than all.
    return this.#zones.at(-1)!;
  }

  /** After a refusal: a clean one of another zone than the one that refused. */
  #elsewhere(now: number, want: Want): Slot {
    const { slots, dice } = this.#parts;
    const { tried } = want;
    const refused = slots.zone[tried[tried.length - 1]!]!;
    const drawn = this.#all.policy.pick(now, tried, want.affinityKey);
    if (drawn === NO_SLOT || slots.zone[drawn] !== refused) return drawn;
    const clean = this.#all.view.slots;
    const from = dice.below(clean.length);
    for (let step = 0; step < clean.length; step++) {
      const slot = clean[(from + step) % clean.length]!;
      if (slots.zone[slot] !== refused && !tried.includes(slot)) return slot;
    }
    return drawn;
  }

  /** @param anyCall - the call need not be one that can be repeated elsewhere */
  #probe(now: number, want: Want, anyCall: boolean): Slot {
    const { slots, probeWaitMs, takeProbe } = this.#parts;
    for (const slot of this.#probes) {
      // Two calls in one turn: the first has taken it, and nothing was sorted since.
      if (slots.state[slot] !== State.PROBING || want.tried.includes(slot)) continue;
      if (!anyCall && !want.repeatable && now - slots.since[slot]! < probeWaitMs) continue;
      takeProbe(slot, now);
      return slot;
    }
    return NO_SLOT;
  }

  #whoeverIsLeft(now: number, want: Want): Slot {
    const { dice } = this.#parts;
    const { tried } = want;
    let slot = scan(this.#suspects, tried, dice);
    if (slot === NO_SLOT) slot = scan(this.#unconfirmed, tried, dice);
    if (slot === NO_SLOT) slot = this.#probe(now, want, true);
    if (slot !== NO_SLOT || tried.length === 0) return slot;
    slot = this.#all.policy.pick(now, NOBODY, want.affinityKey);
    if (slot === NO_SLOT) slot = scan(this.#suspects, NOBODY, dice);
    return slot === NO_SLOT ? scan(this.#unconfirmed, NOBODY, dice) : slot;
  }
}

function byZone(list: readonly Slot[], slots: Slots): Map<string, Slot[]> {
  const zones = new Map<string, Slot[]>();
  for (const slot of list) {
    const name = slots.instances[slot]?.zone ?? '';
    const zone = zones.get(name);
    if (zone === undefined) zones.set(name, [slot]);
    else zone.push(slot);
  }
  return zones;
}
