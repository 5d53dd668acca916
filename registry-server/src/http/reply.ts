/** What a resource answers, before it is written to a socket. Replies without body of their own are constants: heartbeats make nothing. */
import type { ServerResponse } from 'node:http';
import { Header } from '@heureka/client-sdk/protocol';
import type { Answer } from '../registry/registry.ts';
import { SILENCE_MS } from './silent-sockets.ts';

export interface Reply {
  readonly status: number;
  /** Names in lower case. With a body, its `content-length` too (`withBody`); without one the writer says 0. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Absent: an empty one. */
  readonly body?: Body;
  /** The resource writes the response itself (an event stream), once the caller has noted the status. */
  readonly takeOver?: (response: ServerResponse) => void;
}

/** Buffers that are sent one after another. */
export interface Body {
  /** Of all of them, in bytes. */
  readonly length: number;
  readonly chunks: readonly Uint8Array[];
}

/** None: by identity, so that nobody looks inside. */
export const NO_HEADERS: Readonly<Record<string, string>> = {};
const EMPTY = { 'content-length': '0' };

/**
 * Of a larger answer so much is handed to the socket at a time, in bytes, the next when the last has left: TLS would hold all of it, encrypted,
 * for as long as its reader takes. Smaller pieces cost up to a third more CPU.
 */
export const PIECE_BYTES = 4 * 1024 * 1024;
/** From here on an answer may wait for its reader, in bytes; what is smaller the system takes at once. */
const LARGE_BYTES = 256 * 1024;

export const OK: Reply = { status: 200 };
export const NO_CONTENT: Reply = { status: 204 };

/** An error with an empty body (protocol 0.1 rule 2); the reason goes into a header, for people. */
export function refused(status: number, reason: string, headers?: Readonly<Record<string, string>>): Reply {
  return { status, headers: { ...headers, [Header.REASON]: headerText(reason) } };
}

/** Printable ASCII only, at most 300 characters: what clients put into ids must not break a header. */
export function headerText(text: string): string {
  return text
    .slice(0, 300)
    .toWellFormed()
    .replaceAll(/[^\x20-\x7e]/gu, (character) => encodeURIComponent(character));
}

/** A reply that may be given any number of times: its headers are whole. */
export function withBody(status: number, headers: Readonly<Record<string, string>>, body: Body): Reply {
  return { status, headers: { ...headers, 'content-length': String(body.length) }, body };
}

export function textReply(
  status: number,
  text: string,
  contentType: string,
  headers?: Readonly<Record<string, string>>,
): Reply {
  const bytes = Buffer.from(text, 'utf8');
  return withBody(status, { 'content-type': contentType, ...headers }, { length: bytes.length, chunks: [bytes] });
}

/** How a verb's answer looks on the wire; `conflict` has a body and is made by the resource. */
export function answerReply(answer: Exclude<Answer, { is: 'conflict' }>, done: Reply): Reply {
  switch (answer.is) {
    case 'done':
      return done;
    case 'unknown':
      return refused(404, answer.reason);
    case 'unavailable':
    case 'full':
      return refused(503, answer.reason, { 'retry-after': '1' });
  }
}

/** Writes a reply; `extra` are headers that every answer of this moment carries (such as `x-heureka-degraded`). */
export function writeReply(response: ServerResponse, reply: Reply, extra: Readonly<Record<string, string>>): void {
  const { status, body } = reply;
  if (reply.headers === undefined && body === undefined && status === 200 && extra === NO_HEADERS) {
    // A heartbeat's answer: nothing is made for it. Node says the length itself, except to HTTP/1.0, where it would end the connection instead.
    if (response.req.httpVersionMinor === 0) response.writeHead(200, EMPTY);
    response.end();
    return;
  }
  // 204 and 304 have no length; 200 without body says 0, since a chunked empty body costs clients a parse.
  const given = body === undefined && status !== 204 && status !== 304 ? { ...reply.headers, ...EMPTY } : reply.headers;
  response.writeHead(status, extra === NO_HEADERS ? given : { ...extra, ...given });
  if (body === undefined) {
    response.end();
    return;
  }
  const { length, chunks } = body;
  // Node's own time-out sees bytes leave while they are written; its keep-alive takes the place of it afterwards.
  if (length > LARGE_BYTES) response.socket?.setTimeout(SILENCE_MS);
  if (length > PIECE_BYTES) {
    writeOn(response, pieces(chunks));
    return;
  }
  if (chunks.length === 1) {
    response.end(chunks[0]);
    return;
  }
  // Head and chunks leave in one system call.
  response.cork();
  for (const chunk of chunks) response.write(chunk);
  response.end();
}

/** Writes until the socket has enough, and goes on when it has sent that. A reader that is gone never drains, and nothing more is done. */
function writeOn(response: ServerResponse, rest: Iterator<readonly Uint8Array[]>): void {
  for (;;) {
    const { done, value: piece } = rest.next();
    if (done) {
      response.end();
      return;
    }
    let room = true;
    // What is written in one turn leaves in one system call.
    for (const chunk of piece) room = response.write(chunk) && room;
    if (!room) {
      response.once('drain', () => writeOn(response, rest));
      return;
    }
  }
}

/** Views of the same bytes, in groups of `PIECE_BYTES`, the last of what is left. */
function* pieces(chunks: readonly Uint8Array[]): Generator<readonly Uint8Array[], undefined> {
  let piece: Uint8Array[] = [];
  let room = PIECE_BYTES;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength; ) {
      const part = at === 0 && chunk.byteLength <= room ? chunk : chunk.subarray(at, at + room);
      piece.push(part);
      at += part.byteLength;
      room -= part.byteLength;
      if (room > 0) continue;
      yield piece;
      piece = [];
      room = PIECE_BYTES;
    }
  }
  if (piece.length > 0) yield piece;
}
