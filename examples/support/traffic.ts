/**
 * Steady traffic of one caller, and what came of it. Calls start on time whatever happened to earlier ones (open loop): a slow service
 * does not slow the demand, as in real life.
 */
import type { Discovery } from '@heureka/client-sdk';

const CALLS_PER_SECOND = 100;
const TICK_MS = 20;

export interface Call {
  /** ms since the traffic began. */
  readonly startedAt: number;
  readonly ms: number;
  readonly failed: boolean;
  /** What the instance calls itself, such as `a1`; undefined when nobody answered. */
  readonly by: string | undefined;
  readonly zone: string | undefined;
}

export class Traffic {
  readonly calls: Call[] = [];
  readonly #discovery: Discovery;
  readonly #began = performance.now();
  readonly #running = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #due = 0;
  #number = 0;
  #failure: unknown;
  #failed = 0;

  constructor(discovery: Discovery) {
    this.#discovery = discovery;
  }

  /** ms since the traffic began. */
  now(): number {
    return performance.now() - this.#began;
  }

  readonly perSecond = CALLS_PER_SECOND;

  /** Calls that ended without an answer, or with an error status. */
  get failed(): number {
    return this.#failed;
  }

  /** What the latest failed call threw, for the log. */
  get lastFailure(): unknown {
    return this.#failure;
  }

  start(): void {
    let last = this.now();
    this.#timer = setInterval(() => {
      const now = this.now();
      this.#due += ((now - last) / 1000) * CALLS_PER_SECOND;
      last = now;
      for (; this.#due >= 1; this.#due--) this.#launch();
    }, TICK_MS);
  }

  /** No new calls; resolves when the last one has ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#running);
  }

  #launch(): void {
    const call = this.#call(++this.#number).finally(() => this.#running.delete(call));
    this.#running.add(call);
  }

  async #call(number: number): Promise<void> {
    const startedAt = this.now();
    let failed = true;
    let from: { from?: string; zone?: string } = {};
    try {
      const answer = await this.#discovery.fetch(`http://orders/v1/orders/${number}`);
      failed = !answer.ok;
      if (failed) {
        this.#failure = new Error(`answered ${answer.status}`);
        await answer.arrayBuffer();
      } else from = (await answer.json()) as typeof from;
    } catch (error) {
      this.#failure = error;
    }
    if (failed) this.#failed++;
    this.calls.push({ startedAt, ms: this.now() - startedAt, failed, by: from.from, zone: from.zone });
  }
}
