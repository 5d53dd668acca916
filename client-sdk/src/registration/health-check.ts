/** Asks the user's health function, one question at a time, and keeps the latest verdict. What it throws, and silence, count as DOWN. */
import type { RegistrationOptions } from '../api.ts';
import { type InstanceStatus, isInstanceStatus } from '../protocol/instance-info.ts';
import { type Clock, sleep } from '../runtime/clock.ts';

/** A beat waits so long for a verdict, in ms; a later one is told when it comes. */
const WAIT_MS = 1_000;

export interface HealthCheckOptions {
  readonly clock: Clock;
  readonly ask: NonNullable<RegistrationOptions['health']>;
  /** After so long without an answer, in ms, the verdict is DOWN. */
  readonly silentMs: number;
  /** A verdict came that differs from the one before. */
  readonly changed: () => void;
}

export class HealthCheck {
  readonly #options: HealthCheckOptions;
  #asking = false;
  #verdict: InstanceStatus | undefined;
  /** Why it is DOWN, where the function did not say so itself. */
  #problem: string | undefined;

  constructor(options: HealthCheckOptions) {
    this.#options = options;
  }

  /** Undefined until the first answer. */
  get verdict(): InstanceStatus | undefined {
    return this.#verdict;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  /** Asks unless a question is open; resolves with the verdict there, or after a second without it. */
  async run(): Promise<void> {
    if (this.#asking) return;
    const { clock } = this.#options;
    const waited = new AbortController();
    const asked = this.#ask().finally(() => waited.abort());
    await Promise.race([asked, sleep(clock, WAIT_MS, waited.signal)]);
  }

  async #ask(): Promise<void> {
    const { clock, ask, silentMs } = this.#options;
    this.#asking = true;
    const silent = clock.after(silentMs, () => this.#judge('DOWN', `gave no answer within ${silentMs} ms`));
    try {
      const answer: unknown = await ask();
      const status = typeof answer === 'boolean' ? (answer ? 'UP' : 'DOWN') : answer;
      if (typeof status === 'string' && isInstanceStatus(status)) {
        // A registry answers UNKNOWN's heartbeats with 404: it would be registered for ever.
        this.#judge(status === 'UNKNOWN' ? 'DOWN' : status, undefined);
      } else this.#judge('DOWN', 'answered neither a status nor true or false');
    } catch (error) {
      this.#judge('DOWN', `failed: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      silent.cancel();
      this.#asking = false;
    }
  }

  #judge(verdict: InstanceStatus, problem: string | undefined): void {
    const different = verdict !== this.#verdict || problem !== this.#problem;
    this.#verdict = verdict;
    this.#problem = problem;
    if (different) this.#options.changed();
  }
}
