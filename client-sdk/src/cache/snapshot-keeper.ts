/**
 * Keeps the snapshot file: reads it into the cache at the start, writes it when the cache has changed, seldom enough for any disk. Trouble with
 * the file is a warning and stops nothing.
 */
import type { DiscoveryEvents } from '../api.ts';
import type { Clock } from '../runtime/clock.ts';
import { Emitter, type Subscribe } from '../runtime/emitter.ts';
import { type Loop, startLoop } from '../runtime/loop.ts';
import type { ServiceCache } from './service-cache.ts';
import type { SnapshotFile } from './snapshot-file.ts';

export interface SnapshotKeeperOptions {
  readonly file: SnapshotFile;
  readonly cache: ServiceCache;
  readonly clock: Clock;
  /** Of the registry that is followed. */
  readonly epoch?: () => string | undefined;
  /** Least pause between two writes, in ms; default 30 s. */
  readonly pauseMs?: number;
}

const PAUSE_MS = 30_000;
/** An unchanged list is written again, so that its time does not make it too old. */
const REFRESH_MS = 3_600_000;

export class SnapshotKeeper {
  readonly #file: SnapshotFile;
  readonly #cache: ServiceCache;
  readonly #clock: Clock;
  readonly #epoch: () => string | undefined;
  readonly #pauseMs: number;
  readonly #warning = new Emitter<DiscoveryEvents['warning']>();
  #loop: Loop | undefined;
  #unsubscribe: (() => void) | undefined;
  #changed = false;
  #failing = false;
  #writtenAt = Number.NEGATIVE_INFINITY;

  readonly onWarning: Subscribe<DiscoveryEvents['warning']> = this.#warning.subscribe;

  constructor({ file, cache, clock, epoch = () => undefined, pauseMs = PAUSE_MS }: SnapshotKeeperOptions) {
    this.#file = file;
    this.#cache = cache;
    this.#clock = clock;
    this.#epoch = epoch;
    this.#pauseMs = pauseMs;
  }

  /** @returns whether the cache now holds what was read: not when there was nothing to read, or the registry was faster */
  async restore(): Promise<boolean> {
    const read = await this.#file.read();
    if (read.is === 'refused') this.#warning.emit({ code: 'SNAPSHOT_REFUSED', message: read.why });
    if (read.is !== 'read' || this.#cache.ready) return false;
    this.#cache.restore(read.snapshot.instances, read.ageMs);
    return true;
  }

  /** Begins to write. */
  start(): void {
    this.#unsubscribe = this.#cache.onChange(() => {
      this.#changed = true;
    });
    this.#loop = startLoop({
      clock: this.#clock,
      firstMs: this.#pauseMs,
      turn: () => this.#save(),
      failed: (error) => this.#failed(error),
    });
  }

  /** Writes once more if there is something new. Never rejects. */
  async close(): Promise<void> {
    this.#unsubscribe?.();
    await this.#loop?.stop();
    await this.#save().catch((error) => this.#failed(error));
  }

  async #save(): Promise<number> {
    const now = this.#clock.monotonic();
    const due = this.#changed || now - this.#writtenAt >= REFRESH_MS;
    // What came from disk is there already.
    if (!due || !this.#cache.answered) return this.#pauseMs;
    this.#changed = false;
    const trueAt = this.#clock.now() - this.#cache.ageMs;
    await this.#file.write({ epoch: this.#epoch(), trueAt, instances: this.#cache.instances() });
    this.#writtenAt = now;
    this.#failing = false;
    return this.#pauseMs;
  }

  #failed(error: unknown): number {
    this.#changed = true;
    if (!this.#failing) {
      const message = `${this.#file.path} cannot be written (${error instanceof Error ? error.message : String(error)})`;
      this.#warning.emit({ code: 'SNAPSHOT_FAILED', message });
    }
    this.#failing = true;
    return this.#pauseMs;
  }
}
