/** One open stream. It buffers no more than a bound, and knows when its reader has stopped reading. */
import type { ServerResponse } from 'node:http';

/** A reader that has this many bytes unsent is dropped: it comes back and resumes, or fetches. */
export const MAX_UNSENT_BYTES = 256 * 1024;
/** A reader that has taken nothing for so long, in ms, although something was sent, is dropped. */
export const STALLED_MS = 5_000;

export class EventReader {
  readonly #response: ServerResponse;
  /** Writes that have not reached the socket yet. */
  #underway = 0;
  /** Monotonic ms of the latest write that reached the socket, or began a wait. */
  #movedAt = 0;
  readonly #monotonic: () => number;
  // One for all writes: thousands of readers get each event.
  readonly #written = (): void => {
    this.#underway--;
    this.#movedAt = this.#monotonic();
  };

  constructor(response: ServerResponse, monotonic: () => number) {
    this.#response = response;
    this.#monotonic = monotonic;
  }

  /** Sends, and drops the reader when it is too far behind. */
  send(bytes: Uint8Array | string): void {
    if (this.#response.destroyed || this.#response.writableEnded) return;
    if (this.#underway === 0) this.#movedAt = this.#monotonic();
    this.#underway++;
    this.#response.write(bytes, this.#written);
    if (this.#response.writableLength > MAX_UNSENT_BYTES) this.drop();
  }

  dropIfStalled(): void {
    if (this.#underway > 0 && this.#monotonic() - this.#movedAt >= STALLED_MS) this.drop();
  }

  end(last: string): void {
    this.#response.end(last);
  }

  drop(): void {
    this.#response.destroy();
  }
}
