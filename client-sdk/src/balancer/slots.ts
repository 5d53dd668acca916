/**
 * What is known of each instance, in arrays by slot: numbers side by side, so that a pick allocates nothing.
 *
 * A slot is stable while its instance is known. Its `generation` grows with every turn of its health and when it is freed: an attempt's
 * ticket is the generation it began in, `born` the first one of the instance that sits there now.
 */
import type { Instance } from '../api.ts';
import type { Slot, Ticket } from './balancer.ts';
import { TUNING } from './balancer-options.ts';

/** Where a slot's health stands; *draining* and *suspect* are flags beside it. */
export const State = { FREE: 0, HEALTHY: 1, EJECTED: 2, PROBING: 3, PROBE_BUSY: 4 } as const;
export type State = (typeof State)[keyof typeof State];

const FIRST_CAPACITY = 8;
const { exp, max } = Math;
const DECAY_MS = TUNING.decayMs;
const NEVER = Number.NEGATIVE_INFINITY;
const NOBODY_WAITS = Number.POSITIVE_INFINITY;

export class Slots {
  /** Slots ever used: loops run from 0 to here. */
  size = 0;
  readonly instances: (Instance | undefined)[] = [];

  state = new Uint8Array(FIRST_CAPACITY);
  /** Wanted by the registry: UP, of a weight above 0, in our subset. */
  admitted = new Uint8Array(FIRST_CAPACITY);
  /** Not admitted, and no longer listed either. */
  gone = new Uint8Array(FIRST_CAPACITY);
  /** A full list lacked it. */
  unconfirmed = new Uint8Array(FIRST_CAPACITY);
  /** Refused a connection; nothing good is known of it since. */
  suspect = new Uint8Array(FIRST_CAPACITY);
  /** Should be ejected for failing, but too many are out. */
  spared = new Uint8Array(FIRST_CAPACITY);
  /** Ejected because it cannot be connected to. */
  hard = new Uint8Array(FIRST_CAPACITY);
  /** A TCP probe is under way. */
  tcpProbing = new Uint8Array(FIRST_CAPACITY);

  generation = new Int32Array(FIRST_CAPACITY);
  born = new Int32Array(FIRST_CAPACITY);
  inflight = new Int32Array(FIRST_CAPACITY);
  /** Of those in flight, the ones of which nothing is known yet. */
  waiting = new Int32Array(FIRST_CAPACITY);
  zone = new Int32Array(FIRST_CAPACITY);
  consecutive = new Int32Array(FIRST_CAPACITY);
  connectFailures = new Int32Array(FIRST_CAPACITY);
  /** Ejections in a row. */
  ejections = new Int32Array(FIRST_CAPACITY);
  tcpFailures = new Int32Array(FIRST_CAPACITY);
  /** Outcomes since the last sweep, and between the two before. */
  okNow = new Int32Array(FIRST_CAPACITY);
  failedNow = new Int32Array(FIRST_CAPACITY);
  okLast = new Int32Array(FIRST_CAPACITY);
  failedLast = new Int32Array(FIRST_CAPACITY);
  begunNow = new Int32Array(FIRST_CAPACITY);
  begunLast = new Int32Array(FIRST_CAPACITY);

  /** Peak-EWMA of the time to response headers, failures counted as penalties, as of `stampMs`. */
  ewmaMs = new Float64Array(FIRST_CAPACITY);
  stampMs = new Float64Array(FIRST_CAPACITY);
  /** Mean of the good answers; 0: none yet. */
  okMs = new Float64Array(FIRST_CAPACITY);
  /** Since when those that wait have heard nothing from it; infinite: nobody waits. */
  waitingSince = new Float64Array(FIRST_CAPACITY);
  failedAt = new Float64Array(FIRST_CAPACITY);
  /** When the state was entered. */
  since = new Float64Array(FIRST_CAPACITY);
  /** Ejected: the end of it, or the next TCP probe. Suspect: the TCP probe. */
  until = new Float64Array(FIRST_CAPACITY);
  drainingSince = new Float64Array(FIRST_CAPACITY);
  slowSince = new Float64Array(FIRST_CAPACITY);
  /** As registered; and what counts now: slow start included. */
  weight = new Float64Array(FIRST_CAPACITY);
  effective = new Float64Array(FIRST_CAPACITY);
  /** What its latency is multiplied with: 1, more in another zone in mode `bias`. */
  bias = new Float64Array(FIRST_CAPACITY);

  readonly #free: Slot[] = [];

  /** Takes a slot for an instance: healthy, nothing known but a guess of its latency. */
  take(instance: Instance, guessMs: number, now: number): Slot {
    const slot = this.#free.pop() ?? this.size++;
    if (slot >= this.state.length) this.#grow();
    this.instances[slot] = instance;
    this.born[slot] = this.generation[slot]!;
    for (const flag of [this.gone, this.unconfirmed, this.tcpProbing]) flag[slot] = 0;
    for (const count of [this.inflight, this.waiting, this.zone, this.begunNow, this.begunLast]) count[slot] = 0;
    this.admitted[slot] = 1;
    this.okMs[slot] = 0;
    this.waitingSince[slot] = NOBODY_WAITS;
    this.weight[slot] = this.effective[slot] = this.bias[slot] = 1;
    this.renew(slot, guessMs, now);
    return slot;
  }

  /** Forgets what is known of its health; what is in flight stays counted. */
  renew(slot: Slot, guessMs: number, now: number): void {
    this.state[slot] = State.HEALTHY;
    for (const flag of [this.suspect, this.spared, this.hard]) flag[slot] = 0;
    for (const count of [this.consecutive, this.connectFailures, this.ejections, this.tcpFailures]) count[slot] = 0;
    for (const count of [this.okNow, this.failedNow, this.okLast, this.failedLast]) count[slot] = 0;
    this.ewmaMs[slot] = guessMs;
    this.stampMs[slot] = this.since[slot] = now;
    this.failedAt[slot] = this.slowSince[slot] = this.until[slot] = NEVER;
  }

  /** Gives a slot back: what arrives later with its tickets is ignored. */
  release(slot: Slot): void {
    this.instances[slot] = undefined;
    this.state[slot] = State.FREE;
    this.admitted[slot] = this.gone[slot] = 0;
    this.turn(slot);
    this.born[slot] = this.generation[slot]!;
    this.#free.push(slot);
  }

  /** A new generation: outcomes of attempts that have begun change the slot's health no more. */
  turn(slot: Slot): void {
    this.generation[slot]!++;
    this.tcpProbing[slot] = 0;
  }

  /** Whether this ticket is of the instance that sits there now. */
  holds(slot: Slot, ticket: Ticket): boolean {
    return ticket >= this.born[slot]! && this.instances[slot] !== undefined;
  }

  /**
   * The latency to expect, in ms: decays while nothing is heard, so that a slow instance is tried again; grows while it leaves us waiting.
   *
   * The decay is exponential at first and faster later, exp(-x (1 + x)): what nobody confirms for a while is no evidence. Ten times too much is
   * forgotten in 11 s and a penalty of a hundred times in 17 s, where a plain exponential takes 23 and 46.
   * Short, so that V8 puts it into every pick: a fraction that a call returns would be an object.
   */
  latencyMs(slot: Slot, now: number): number {
    const age = max(0, now - this.stampMs[slot]!) / DECAY_MS;
    return max(this.ewmaMs[slot]! * exp(-age * (1 + age)), now - this.waitingSince[slot]!) * this.bias[slot]!;
  }

  /** One more attempt of which nothing is known yet. */
  wait(slot: Slot, now: number): void {
    if (this.waiting[slot] === 0) this.waitingSince[slot] = now;
    this.waiting[slot]!++;
  }

  /** Something was heard: whoever still waits does so from now on. */
  hear(slot: Slot, now: number): void {
    if (this.waiting[slot]! > 0) this.waiting[slot]!--;
    this.waitingSince[slot] = this.waiting[slot] === 0 ? NOBODY_WAITS : now;
  }

  /** Waiting attempts are among those in flight: one that ended without a word waits no more. */
  limitWaiting(slot: Slot): void {
    if (this.waiting[slot]! <= this.inflight[slot]!) return;
    this.waiting[slot] = this.inflight[slot]!;
    if (this.waiting[slot] === 0) this.waitingSince[slot] = NOBODY_WAITS;
  }

  /**
   * Learns a latency: a higher one at once, a lower one by and by, the more of it the longer nothing was heard. It learns twice as fast as it
   * forgets: the first good answers after a silence say more than what was true before it.
   * @see Finagle `PeakEwma`
   */
  observe(slot: Slot, ms: number, now: number): void {
    const age = max(0, now - this.stampMs[slot]!) / DECAY_MS;
    const kept = exp(-age * (1 + age));
    const known = this.ewmaMs[slot]!;
    this.ewmaMs[slot] = ms > known * kept ? ms : ms + (known - ms) * kept * kept;
    if (age > 0) this.stampMs[slot] = now;
  }

  #grow(): void {
    const capacity = this.state.length * 2;
    const arrays = this as unknown as Record<string, unknown>;
    for (const [name, array] of Object.entries(arrays)) {
      if (array instanceof Uint8Array || array instanceof Int32Array || array instanceof Float64Array) {
        arrays[name] = widened(array, capacity);
      }
    }
  }
}

function widened<T extends Uint8Array | Int32Array | Float64Array>(from: T, capacity: number): T {
  const to = new (from.constructor as new (length: number) => T)(capacity);
  to.set(from);
  return to;
}
