/** One event stream on a bare socket, searched for a text: no event is parsed, as a thousand of these share a core. */
import { connect, type Socket } from 'node:net';
import type { Target } from './processes.ts';

/** A time in tenths of ms: what the bench's changes are told by. */
const MARK = /"(\d{14})"/g;

export class Listener {
  readonly #socket: Socket;
  /** Resolves when the stream has said hello. */
  readonly opened: Promise<void>;
  #mark = '';
  #heard: (() => void) | undefined;
  #each: ((mark: string) => void) | undefined;
  /** What came last: a mark may be cut in two. */
  #end = '';

  constructor({ host, port, base }: Target) {
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.write(`GET ${base}/stream HTTP/1.1\r\nHost: registry\r\n\r\n`);
    this.opened = new Promise((resolve, reject) => {
      this.#socket.on('data', (text: unknown) => {
        const seen = this.#end + String(text);
        if (seen.includes('event: hello')) resolve();
        if (this.#heard !== undefined && seen.includes(this.#mark)) {
          this.#heard();
          this.#heard = undefined;
        }
        if (this.#each !== undefined) for (const [, mark] of seen.matchAll(MARK)) this.#each(mark!);
        this.#end = seen.slice(-64);
      });
      this.#socket.on('error', reject);
      this.#socket.on('close', () => reject(new Error('the stream ended')));
    });
    // Heard of by whoever waits for it.
    this.opened.catch(() => {});
  }

  /** Calls once when `mark` has come. */
  listen(mark: string, heard: () => void): void {
    this.#mark = mark;
    this.#heard = heard;
  }

  /** Calls for every mark that comes, for some of them twice. */
  listenToAll(heard: (mark: string) => void): void {
    this.#each = heard;
  }

  close(): void {
    this.#socket.destroy();
  }
}
