/** Server-sent events out of text that comes in pieces. Time grows with the text, however small the pieces; one event has a limit. */

export interface ServerSentEvent {
  /** `message` where none was named; undefined for a block without data: a comment, or an id alone. */
  readonly event: string | undefined;
  readonly data: string;
  /** The id of this block; undefined: it had none. */
  readonly id: string | undefined;
}

/** Of one event, in UTF-16 units. */
const MAX_EVENT = 64 * 1024 * 1024;

/** An event that is refused for its size. */
export class EventTooLarge extends Error {
  override readonly name = 'EventTooLarge';
}

/** @see WHATWG HTML, "Interpreting an event stream" */
export class EventStreamParser {
  readonly #listener: (event: ServerSentEvent) => void;
  readonly #limit: number;
  /** The line that has no end yet, in pieces: joined once. */
  #pieces: string[] = [];
  #size = 0;
  #event = '';
  #data: string[] = [];
  #id: string | undefined;
  #any = false;
  /** The last character was a CR: an LF right after it belongs to it. */
  #carriageReturn = false;

  constructor(listener: (event: ServerSentEvent) => void, limit = MAX_EVENT) {
    this.#listener = listener;
    this.#limit = limit;
  }

  /** @throws {EventTooLarge}; the parser is of no use afterwards */
  push(text: string): void {
    let from = 0;
    if (this.#carriageReturn && text !== '') {
      this.#carriageReturn = false;
      if (text[0] === '\n') from = 1;
    }
    for (;;) {
      const end = lineEnd(text, from);
      if (end < 0) break;
      this.#count(end - from);
      const last = text.slice(from, end);
      this.#line(this.#pieces.length === 0 ? last : this.#pieces.join('') + last);
      if (this.#pieces.length > 0) this.#pieces = [];
      from = end + 1;
      if (text[end] === '\r') {
        if (from === text.length) this.#carriageReturn = true;
        else if (text[from] === '\n') from++;
      }
    }
    if (from < text.length) {
      this.#count(text.length - from);
      this.#pieces.push(from === 0 ? text : text.slice(from));
    }
  }

  #count(units: number): void {
    this.#size += units;
    if (this.#size > this.#limit) throw new EventTooLarge(`more than ${this.#limit} characters in one event`);
  }

  #line(line: string): void {
    if (line === '') {
      this.#end();
      return;
    }
    this.#any = true;
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
  }

  #end(): void {
    const heard = this.#any;
    const event = this.#data.length === 0 ? undefined : this.#event || 'message';
    const block = { event, data: this.#data.join('\n'), id: this.#id };
    this.#event = '';
    this.#data = [];
    this.#id = undefined;
    this.#any = false;
    this.#size = 0;
    if (heard) this.#listener(block);
  }
}

function lineEnd(text: string, from: number): number {
  const feed = text.indexOf('\n', from);
  const carriage = text.indexOf('\r', from);
  if (feed < 0 || carriage < 0) return Math.max(feed, carriage);
  return Math.min(feed, carriage);
}
