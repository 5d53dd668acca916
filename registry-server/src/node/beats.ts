/**
 * Heartbeats on their way to the store: answered from the replica at once, written together at most every 100 ms. What could not be written
 * waits with its age until the store is back.
 */
import type { Clock, Timer } from '@heureka/client-sdk/runtime';
import type { InstanceKey } from '../store/instance-key.ts';

const FLUSH_MS = 100;
const FLUSH_COUNT = 500;
const MINUTE_MS = 60_000;

export interface PendingBeat {
  readonly key: InstanceKey;
  /** When it was acknowledged, by the monotonic clock. */
  readonly at: number;
}

export class Beats {
  readonly #clock: Clock;
  readonly #write: (beats: readonly PendingBeat[]) => Promise<void>;
  /** The latest of each instance. */
  #pending = new Map<InstanceKey, number>();
  #timer: Timer | undefined;
  #flushing: Promise<void> = Promise.resolve();
  #open = false;
  #minute: number;
  #count = 0;
  #lastMinute = 0;

  /** @param write - must not reject: what it cannot write it gives back by `keep` */
  constructor(clock: Clock, write: (beats: readonly PendingBeat[]) => Promise<void>) {
    this.#clock = clock;
    this.#write = write;
    this.#minute = clock.monotonic();
  }

  /** Beats of the last full minute, 0 during the first. */
  get lastMinute(): number {
    this.#turnMinute();
    return this.#lastMinute;
  }

  get waiting(): number {
    return this.#pending.size;
  }

  note(key: InstanceKey): void {
    this.#turnMinute();
    this.#count++;
    this.#pending.set(key, this.#clock.monotonic());
    this.#schedule();
  }

  /** Gives back what was not written; a newer beat of the same instance stands. */
  keep(beats: readonly PendingBeat[]): void {
    for (const { key, at } of beats) if (!this.#pending.has(key)) this.#pending.set(key, at);
    this.#schedule();
  }

  /** Whether beats may be written now. Closed, they wait. */
  set open(open: boolean) {
    this.#open = open;
    if (open) this.#schedule();
    else this.#cancel();
  }

  /** Writes what waits; resolves when it is written or given back. */
  flush(): Promise<void> {
    this.#cancel();
    const pending = this.#pending;
    if (pending.size === 0 || !this.#open) return this.#flushing;
    this.#pending = new Map();
    const beats = [...pending].map(([key, at]) => ({ key, at }));
    const pieces: (readonly PendingBeat[])[] = [];
    for (let from = 0; from < beats.length; from += FLUSH_COUNT) pieces.push(beats.slice(from, from + FLUSH_COUNT));
    this.#flushing = this.#flushing.then(async () => {
      for (const piece of pieces) await this.#write(piece);
    });
    return this.#flushing;
  }

  #schedule(): void {
    if (!this.#open || this.#pending.size === 0) return;
    if (this.#pending.size >= FLUSH_COUNT) void this.flush();
    else this.#timer ??= this.#clock.after(FLUSH_MS, () => void this.flush());
  }

  #cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #turnMinute(): void {
    const minutes = Math.floor((this.#clock.monotonic() - this.#minute) / MINUTE_MS);
    if (minutes === 0) return;
    this.#lastMinute = minutes === 1 ? this.#count : 0;
    this.#count = 0;
    this.#minute += minutes * MINUTE_MS;
  }
}
