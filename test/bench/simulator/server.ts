/** A server of the simulation: a few workers and one line before them. */
import type { Random } from '../../../client-sdk/src/runtime/random.ts';
import type { EventQueue } from './event-queue.ts';

/** How a server is at a moment. */
export type Condition =
  | { readonly is: 'serving'; readonly meanMs: number }
  /** Answers 503 at once. */
  | { readonly is: 'failing' }
  /** Nobody listens. */
  | { readonly is: 'refusing' }
  /** Packets vanish: a connection is given up after a second. */
  | { readonly is: 'black hole' };

export type Answer = 'ok' | 'failed' | 'connect failed';

export const MEAN_MS = 10;
export const HEALTHY: Condition = { is: 'serving', meanMs: MEAN_MS };
const FAST_MS = 1;
const CONNECT_TIMEOUT_MS = 1_000;

export class Server {
  attempts = 0;
  readonly #events: EventQueue;
  readonly #random: Random;
  readonly #workers: number;
  readonly #condition: (now: number) => Condition;
  #busy = 0;
  /** Who waits for a worker, from `#head` on. */
  #line: ((answer: Answer) => void)[] = [];
  #head = 0;

  constructor(events: EventQueue, random: Random, workers: number, condition: (now: number) => Condition) {
    this.#events = events;
    this.#random = random;
    this.#workers = workers;
    this.#condition = condition;
  }

  get accepts(): boolean {
    const { is } = this.#condition(this.#events.now);
    return is === 'serving' || is === 'failing';
  }

  call(answered: (answer: Answer) => void): void {
    this.attempts++;
    const { is } = this.#condition(this.#events.now);
    if (is === 'failing') this.#events.after(FAST_MS, () => answered('failed'));
    else if (is === 'refusing') this.#events.after(FAST_MS, () => answered('connect failed'));
    else if (is === 'black hole') this.#events.after(CONNECT_TIMEOUT_MS, () => answered('connect failed'));
    else if (this.#busy < this.#workers) this.#work(answered);
    else this.#line.push(answered);
  }

  #work(answered: (answer: Answer) => void): void {
    const condition = this.#condition(this.#events.now);
    // Who got in before it broke is served.
    const meanMs = condition.is === 'serving' ? condition.meanMs : MEAN_MS;
    this.#busy++;
    this.#events.after(-Math.log(1 - this.#random()) * meanMs, () => {
      this.#busy--;
      answered('ok');
      const next = this.#line[this.#head];
      if (next === undefined) return;
      this.#head++;
      if (this.#head > 1_000 && this.#head * 2 > this.#line.length) {
        this.#line = this.#line.slice(this.#head);
        this.#head = 0;
      }
      this.#work(next);
    });
  }
}
