/**
 * Heartbeats on their way to the store: answered from the replica at once, written together at most every 100 ms, one write at a time. A slow
 * store finds the more of them together; what could not be written waits with its age until the store is back.
 */
import type { Clock, Timer } from '@heureka/client-sdk/runtime';
import type { InstanceKey } from '../store/instance-key.ts';

const FLUSH_MS = 100;
const FLUSH_COUNT = 500;
const MINUTE_MS = 60_000;

/** When the latest beat of each instance was acknowledged, by the monotonic clock. */
export type PendingBeats = ReadonlyMap<InstanceKey, number>;

export class Beats {
  readonly #clock: Clock;
  readonly #write: (beats: PendingBeats) => Promise<void>;
  #pending = new Map<InstanceKey, number>();
  #timer: Timer | undefined;
  /** The write under way, and how many beats it writes. */
  #flight: Promise<void> | undefined;
  #flying = 0;
  #open = false;
  #minute: number;
  #count = 0;
  #lastMinute = 0;

  /** @param write - must not reject: what it cannot write it gives back by `keep` */
  constructor(clock: Clock, write: (beats: PendingBeats) => Promise<void>) {
    this.#clock = clock;
    this.#write = write;
    this.#minute = clock.monotonic();
  }

  /** Beats of the last full minute, 0 during the first. */
  get lastMinute(): number {
    this.#turnMinute(this.#clock.monotonic());
    return this.#lastMinute;
  }

  /** Beats that the store may not have yet, those being written among them. */
  get waiting(): number {
    return this.#pending.size + this.#flying;
  }

  /** @param at - by the monotonic clock, now */
  note(key: InstanceKey, at: number): void {
    this.#turnMinute(at);
    this.#count++;
    this.#pending.set(key, at);
    if (this.#pending.size >= FLUSH_COUNT && this.#open && this.#flight === undefined) void this.flush();
    else this.#schedule();
  }

  /** Gives back what was not written; a newer beat of the same instance stands. */
  keep(beats: PendingBeats): void {
    for (const [key, at] of beats) if (!this.#pending.has(key)) this.#pending.set(key, at);
    this.#schedule();
  }

  /** Whether beats may be written now. Closed, they wait. */
  set open(open: boolean) {
    this.#open = open;
    if (open) this.#schedule();
    else this.#cancel();
  }

  /** Writes what waits, after the write under way; resolves when it is written or given back. */
  async flush(): Promise<void> {
    while (this.#flight !== undefined) await this.#flight;
    this.#cancel();
    if (this.#pending.size === 0 || !this.#open) return;
    this.#flight = this.#fly();
    await this.#flight;
  }

  async #fly(): Promise<void> {
    const beats = this.#pending;
    this.#pending = new Map();
    this.#flying = beats.size;
    await this.#write(beats);
    this.#flying = 0;
    this.#flight = undefined;
    this.#schedule();
  }

  /** Later, also where many wait already: what a write gave back is not to be tried without a pause. */
  #schedule(): void {
    if (!this.#open || this.#pending.size === 0 || this.#flight !== undefined) return;
    this.#timer ??= this.#clock.after(FLUSH_MS, () => void this.flush());
  }

  #cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #turnMinute(now: number): void {
    if (now - this.#minute < MINUTE_MS) return;
    const minutes = Math.floor((now - this.#minute) / MINUTE_MS);
    this.#lastMinute = minutes === 1 ? this.#count : 0;
    this.#count = 0;
    this.#minute += minutes * MINUTE_MS;
  }
}
