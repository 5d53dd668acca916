/** A balancer without opinions, for tests of the engine: instances in their order, tried ones skipped; it remembers all that it was told. */
import type { Health, HealthEvent, Instance, ServiceReport } from '../api.ts';
import { type Balancer, NO_SLOT, type Outcome, type Slot, type Ticket, type Want } from '../balancer/balancer.ts';
import { Emitter } from '../runtime/emitter.ts';

export class OrderedBalancer implements Balancer {
  readonly judged: { slot: Slot; outcome: Outcome; penaltyMs: number }[] = [];
  readonly inflight: number[];
  readonly instances: Instance[];
  medianMs = 1;
  readonly health = new Emitter<HealthEvent & { readonly slot: Slot; readonly to: Health }>();
  readonly onHealth = this.health.subscribe;
  readonly onSlot = new Emitter<{ slot: Slot; instance: Instance; is: 'draining' | 'restored' | 'freed' }>().subscribe;
  readonly panic = false;
  readonly onPanic = new Emitter<boolean>().subscribe;
  #tickets = 0;
  readonly #open = new Map<Ticket, Slot>();

  constructor(instances: readonly Instance[]) {
    this.instances = [...instances];
    this.inflight = instances.map(() => 0);
  }

  /** Attempts that began and have not ended. */
  get open(): number {
    return this.#open.size;
  }

  pick(_now: number, { tried }: Want): Slot {
    for (let slot = 0; slot < this.instances.length; slot++) if (!tried.includes(slot)) return slot;
    return NO_SLOT;
  }

  begin(slot: Slot): Ticket {
    this.inflight[slot]!++;
    this.#open.set(++this.#tickets, slot);
    return this.#tickets;
  }

  judge(slot: Slot, _ticket: Ticket, outcome: Outcome, _ms: number, _now: number, penaltyMs: number): void {
    this.judged.push({ slot, outcome, penaltyMs });
  }

  end(slot: Slot, ticket: Ticket): void {
    if (!this.#open.delete(ticket)) throw new Error(`attempt ${ticket} on slot ${slot} ended twice`);
    this.inflight[slot]!--;
  }

  busy(slot: Slot): boolean {
    return this.inflight[slot]! > 0;
  }

  instance(slot: Slot): Instance {
    return this.instances[slot]!;
  }

  eligible({ tried }: Want): number {
    return this.instances.length - tried.length;
  }

  update(): void {}
  tick(): void {}
  close(): void {}

  report(): ServiceReport {
    return { service: 'test', panic: false, instances: [] };
  }
}
