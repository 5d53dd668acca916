/** What a resource answers, before it is written to a socket. Replies without body of their own are constants: heartbeats make nothing. */
import type { ServerResponse } from 'node:http';
import { Header } from '@heureka/client-sdk/protocol';
import type { Answer } from '../registry/registry.ts';

export interface Reply {
  readonly status: number;
  /** Names in lower case, beside `content-length`, which the writer sets. */
  readonly headers?: Readonly<Record<string, string>>;
  /** One buffer, or several that are sent one after another; absent: an empty body. */
  readonly body?: Uint8Array | readonly Uint8Array[];
  /** The resource writes the response itself (an event stream), once the caller has noted the status. */
  readonly takeOver?: (response: ServerResponse) => void;
}

/** None: by identity, so that nobody looks inside. */
export const NO_HEADERS: Readonly<Record<string, string>> = {};
const EMPTY = { 'content-length': '0' };

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

export function textReply(status: number, text: string, contentType: string): Reply {
  return { status, headers: { 'content-type': contentType }, body: Buffer.from(text, 'utf8') };
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
    // A heartbeat's answer: nothing is made for it.
    response.writeHead(200, EMPTY);
    response.end();
    return;
  }
  const headers: Record<string, string | number> = { ...extra, ...reply.headers };
  // 204 and 304 have no length; 200 without body says 0, since a chunked empty body costs clients a parse.
  if (body === undefined) {
    if (status !== 204 && status !== 304) headers['content-length'] ??= 0;
    response.writeHead(status, headers);
    response.end();
    return;
  }
  if (body instanceof Uint8Array) {
    headers['content-length'] = body.byteLength;
    response.writeHead(status, headers);
    response.end(body);
    return;
  }
  const chunks = body as readonly Uint8Array[];
  headers['content-length'] = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  response.writeHead(status, headers);
  // Head and chunks leave in one system call.
  response.cork();
  for (const chunk of chunks) response.write(chunk);
  response.end();
}
