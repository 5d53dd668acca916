/**
 * Ends connections that stand still in the middle of an exchange: a peer that never reads its answer, or never asks. One look at all of them
 * now and then, since a timer set and cleared with each request (`server.timeout`) would cost a heartbeat a twentieth of its price.
 */
import type { Socket } from 'node:net';
import type { Clock, Timer } from '@heureka/client-sdk/runtime';

interface Progress {
  /** Bytes read, and bytes written that have left, when last looked. */
  moved: number;
  /** When they last were others, monotonic ms. */
  since: number;
}

/** No socket may be silent for longer while an answer is on its way, in ms; streams send a comment each 15 s. */
export const SILENCE_MS = 120_000;
/** Looks in one span of silence: the end comes at most a quarter late. */
const LOOKS = 4;

/** What is looked at: the part of `net.Socket` and `tls.TLSSocket` that says whether bytes move. */
export type WatchedSocket = Pick<
  Socket,
  'bytesRead' | 'bytesWritten' | 'writableLength' | 'timeout' | 'destroy' | 'once'
>;

export class SilentSockets {
  readonly #clock: Clock;
  readonly #silenceMs: number;
  readonly #sockets = new Map<WatchedSocket, Progress>();
  #timer: Timer | undefined;

  /** @param silenceMs - without a byte in either direction for so long, a connection ends */
  constructor(clock: Clock, silenceMs: number) {
    this.#clock = clock;
    this.#silenceMs = silenceMs;
  }

  /** Watches a connection until it closes. */
  add(socket: WatchedSocket): void {
    this.#sockets.set(socket, { moved: 0, since: this.#clock.monotonic() });
    socket.once('close', () => this.#sockets.delete(socket));
    this.#timer ??= this.#later();
  }

  /** No look follows. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#sockets.clear();
  }

  #later(): Timer {
    return this.#clock.after(this.#silenceMs / LOOKS, () => {
      this.#look();
      this.#timer = this.#sockets.size > 0 ? this.#later() : undefined;
    });
  }

  #look(): void {
    const now = this.#clock.monotonic();
    for (const [socket, progress] of this.#sockets) {
      // What still waits for the reader counts as written already.
      const moved = socket.bytesRead + socket.bytesWritten - socket.writableLength;
      // A time-out of its own, which Node ends: an idle connection between two requests, or one that has a large answer to read (`reply.ts`).
      const watched = (socket.timeout ?? 0) > 0;
      if (moved !== progress.moved || watched) {
        progress.moved = moved;
        progress.since = now;
      } else if (now - progress.since >= this.#silenceMs) {
        socket.destroy();
      }
    }
  }
}
