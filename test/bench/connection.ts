/**
 * One keep-alive HTTP connection on a bare socket, one request at a time: as little work as possible for the side that makes the load, since what is
 * measured is the other side. Answers are told apart by length, chunks or status alone; bodies are counted, not kept, unless asked for.
 */
import { connect, type Socket } from 'node:net';

export interface Answered {
  readonly status: number;
  /** Head and body. */
  readonly bytes: number;
  /** Only where kept. */
  readonly head: string;
  readonly body: Buffer | undefined;
}

const READ_BYTES = 256 * 1024;
/** No server's head is longer, so no more is looked at. */
const MAX_HEAD = 16 * 1024;
const END_OF_CHUNKS = '0\r\n\r\n';

export class Connection {
  readonly #socket: Socket;
  readonly #answered: (answer: Answered, connection: Connection) => void;
  readonly #kept: boolean;
  #head = '';
  /** Of the body, still to come; -1: chunks, until the last one; undefined: the head is not complete. */
  #left: number | undefined;
  #bytes = 0;
  #status = 0;
  #last = '';
  #body: Buffer[] = [];

  /** @param keep - whether bodies are kept, for looking at them. @param failed - told when the connection breaks */
  constructor(
    where: { readonly host: string; readonly port: number },
    answered: (answer: Answered, connection: Connection) => void,
    failed: (error: Error) => void,
    keep = false,
  ) {
    this.#answered = answered;
    this.#kept = keep;
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    this.#socket = connect({
      ...where,
      noDelay: true,
      onread: {
        buffer,
        callback: (count) => {
          this.#take(buffer.subarray(0, count));
          return true;
        },
      },
    });
    this.#socket.on('error', failed);
    this.#socket.on('end', () => failed(new Error('the server closed the connection')));
  }

  /** Resolves once connected. */
  opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.once('connect', () => resolve());
      this.#socket.once('error', reject);
    });
  }

  send(request: Uint8Array | string): void {
    this.#socket.write(request);
  }

  close(): void {
    this.#socket.removeAllListeners('end');
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    this.#bytes += bytes.length;
    let body = bytes;
    if (this.#left === undefined) {
      const before = this.#head.length;
      const text = this.#head + bytes.toString('latin1', 0, MAX_HEAD);
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) {
        this.#head = text;
        return;
      }
      this.#head = text.slice(0, end + 4);
      body = bytes.subarray(end + 4 - before);
      this.#begin();
    }
    if (this.#kept && body.length > 0) this.#body.push(Buffer.from(body));
    if (this.#left === -1) {
      // Nothing is sent before an answer is complete, so the last chunk is the end of what came.
      this.#last = (this.#last + body.toString('latin1', Math.max(0, body.length - 5))).slice(-5);
      if (this.#last === END_OF_CHUNKS) this.#end();
      return;
    }
    this.#left = this.#left! - body.length;
    if (this.#left <= 0) this.#end();
  }

  #begin(): void {
    this.#status = Number(this.#head.slice(9, 12));
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#head);
    if (length !== null) this.#left = Number(length[1]);
    else this.#left = /\r\ntransfer-encoding: *chunked/i.test(this.#head) ? -1 : 0;
  }

  #end(): void {
    const body = this.#kept ? Buffer.concat(this.#body) : undefined;
    const answer = { status: this.#status, bytes: this.#bytes, head: this.#head, body };
    this.#head = '';
    this.#left = undefined;
    this.#bytes = 0;
    this.#last = '';
    this.#body = [];
    this.#answered(answer, this);
  }
}
