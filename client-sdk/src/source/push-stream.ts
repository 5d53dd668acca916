/**
 * One stream of pushes and its life: open, standing, ended, and the pause before another is worth opening. When it ends, the port is told to
 * move on to another server, and the owner to poll: what the poll finds decides where the next stream begins.
 */
import type { RegistryApi, StreamEvent } from '../registry-api/registry-api.ts';
import { fullJitter } from '../runtime/backoff.ts';
import { type Clock, sleep } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';

export interface PushStreamOptions {
  readonly api: RegistryApi;
  readonly clock: Clock;
  readonly random: Random;
  /** Applications in upper case; undefined: all. */
  readonly wanted: ReadonlySet<string> | undefined;
  /** Streams in a row, before this one, that did not last. */
  readonly failures: number;
  readonly heard: (event: StreamEvent) => void;
  /** It has ended by itself. */
  readonly ended: (error: unknown) => void;
  /** The pause after its end is over. */
  readonly again: () => void;
}

/** Readers of one server that goes away come back within 5 s, not all at once; where streams do not last, ever more seldom. */
const PAUSE = { baseMs: 5_000, capMs: 300_000 };
/** A stream that lasted for so long was a good one. */
const LASTED_MS = 60_000;

export class PushStream {
  readonly #options: PushStreamOptions;
  readonly #stopping = new AbortController();
  #failures: number;
  #state: 'opening' | 'standing' | 'resting' | 'over' = 'opening';
  #server: string | undefined;

  constructor(options: PushStreamOptions) {
    this.#options = options;
    this.#failures = options.failures;
  }

  /** It has said hello and has not ended. */
  get stands(): boolean {
    return this.#state === 'standing';
  }

  get failures(): number {
    return this.#failures;
  }

  /** Whether it is, or rests before, the right stream for a list of this server and these applications. */
  serves(server: string, wanted: ReadonlySet<string> | undefined): boolean {
    if (this.#state === 'over') return false;
    if (this.#state === 'resting') return true;
    return wanted === this.#options.wanted && (this.#server === undefined || this.#server === server);
  }

  /** @param from - cursor to resume from */
  start(from: string): void {
    void this.#run(from);
  }

  /** Ends it; nothing is reported afterwards. */
  stop(): void {
    this.#state = 'over';
    this.#stopping.abort();
  }

  async #run(from: string): Promise<void> {
    const { api, clock, random, wanted, heard, ended, again } = this.#options;
    const { signal } = this.#stopping;
    let stoodAt: number | undefined;
    let problem: unknown;
    try {
      const listener = (event: StreamEvent): void => {
        if (signal.aborted) return;
        // One that begins with a reset stands as well: its changes go on from there.
        if (event.is === 'hello' || event.is === 'reset') {
          this.#server = event.is === 'hello' ? event.server : api.server;
          this.#state = 'standing';
          stoodAt ??= clock.monotonic();
        }
        heard(event);
      };
      await api.stream([...(wanted ?? [])], from, listener, signal);
    } catch (error) {
      problem = error;
    }
    if (signal.aborted) return;
    this.#state = 'resting';
    const lasted = stoodAt !== undefined && clock.monotonic() - stoodAt >= LASTED_MS;
    const pauseMs = fullJitter(lasted ? 0 : this.#failures, PAUSE, random);
    this.#failures = lasted ? 0 : this.#failures + 1;
    // A server that never gave a stream still gives lists: no reason to leave it.
    if (stoodAt !== undefined) api.moveOn();
    ended(problem);
    if (!(await sleep(clock, pauseMs, signal))) return;
    this.#state = 'over';
    again();
  }
}
