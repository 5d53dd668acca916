/**
 * A list of applications as text, cut into its applications, so that a large one can be read a piece at a time between other work: parsing 10,000
 * instances at once holds everything up for a tenth of a second. Cutting looks at brackets and quotes alone; what stands between them is the
 * decoder's business.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Yields each application of `{"applications":{..., "application":[...]}}`, in order, cut as it is asked for.
 *
 * @returns in the end the document without its applications: the array is there, and empty; undefined: the document is of another shape or broken,
 * and must be read whole
 */
export function* applicationTexts(text: string): Generator<string, string | undefined> {
  const start = arrayStart(text);
  if (start === undefined) return undefined;
  const objects = elements(text, start);
  for (let next = objects.next(); ; next = objects.next()) {
    if (next.done) return next.value === undefined ? undefined : text.slice(0, start) + text.slice(next.value);
    yield text.slice(next.value[0], next.value[1]);
  }
}

/** Where the elements of `applications.application` begin, behind the bracket. */
function arrayStart(text: string): number | undefined {
  // Names come first in what every server writes; a document that hides them deeper is read whole.
  const opened = /^\uFEFF?\s*\{\s*"applications"\s*:\s*\{/.exec(text);
  if (opened === null) return undefined;
  let at = opened[0].length;
  for (;;) {
    const name = /\s*"([^"\\]*)"\s*:\s*/y;
    name.lastIndex = at;
    const found = name.exec(text);
    if (found === null) return undefined;
    at = name.lastIndex;
    if (found[1] === 'application') return text.charCodeAt(at) === OPEN_ARRAY ? at + 1 : undefined;
    const plain = /(?:"[^"\\]*"|-?[0-9][0-9.eE+-]*|true|false|null)\s*,/y;
    plain.lastIndex = at;
    if (plain.exec(text) === null) return undefined;
    at = plain.lastIndex;
  }
}

/** Start and end of each object of an array. @returns where the array's closing bracket stands; undefined: it is not closed as it should be */
function* elements(text: string, start: number): Generator<readonly [number, number], number | undefined> {
  let depth = 0;
  let from = start;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(text, at);
      if (at < 0) return undefined;
    } else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      if (depth === 0) {
        if (code === OPEN_ARRAY) return undefined;
        from = at;
      }
      depth++;
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
      if (depth === 0) return code === CLOSE_ARRAY ? at : undefined;
      depth--;
      if (depth === 0) yield [from, at + 1];
    }
  }
  return undefined;
}

/** The closing quote of the string that opens at `at`; -1: there is none. */
function stringEnd(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return end;
  }
  return -1;
}
