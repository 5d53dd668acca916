/**
 * What a stream says, as server-sent events. Each has `id: <epoch>.<version>`, the cursor that a reader has reached with it, and JSON on one line:
 *
 * - `hello`: first of all; the stream goes on from this cursor. Whoever holds a list of an older one asks `apps/delta?since=` for what lies between.
 * - `delta`: changes, as `apps/delta?since=` gives them.
 * - `gap`: there were changes up to this cursor, too many to push: ask `apps/delta?since=` with the cursor held.
 * - `reset`: the cursor held is unknown, or belongs to another epoch now: a full fetch is due.
 * - `bye`: this server goes away; the stream ends. It has no id.
 *
 * A comment each 15 s says that the stream is alive; an id beside it moves a reader on whose filter left everything out.
 */
import type { Cursor } from '../replica/replica-reader.ts';

export function cursorText({ epoch, version }: Cursor): string {
  return `${epoch}.${version}`;
}

/** @param json - without line breaks */
export function deltaEvent(to: Cursor, json: string): string {
  return `id: ${cursorText(to)}\nevent: delta\ndata: ${json}\n\n`;
}

/** An event that only says where the reader stands. */
export function cursorEvent(name: 'hello' | 'gap' | 'reset', at: Cursor): string {
  return `id: ${cursorText(at)}\nevent: ${name}\ndata: {"cursor":${JSON.stringify(cursorText(at))}}\n\n`;
}

export function aliveComment(at: Cursor): string {
  return `: alive\nid: ${cursorText(at)}\n\n`;
}

export const BYE = 'event: bye\ndata: {}\n\n';

/** How long a browser waits before it comes back, in ms. */
export function retryLine(ms: number): string {
  return `retry: ${ms}\n\n`;
}
