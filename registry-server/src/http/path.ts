/**
 * Request targets, read by hand: `new URL` resolves `.` and `..`, which are good instance ids, and costs a third of a heartbeat.
 */

/** A target that no route can be looked up for: 400. */
export class BadTarget extends Error {
  override readonly name = 'BadTarget';
}

/** More segments than any route has; the rest of a longer path is not looked at. */
const MAX_SEGMENTS = 8;

export interface Target {
  /** Still escaped, without path parameters (`;name=value`); doubled and trailing slashes make no segments. */
  readonly segments: readonly string[];
  /** What follows `?`, still escaped; `''` without one. */
  readonly search: string;
}

/**
 * Splits a request target into segments and query.
 *
 * @param target - as it came in the request line; an absolute one (`http://host/path`) counts from its path
 * @throws {BadTarget} when it is neither a path nor an absolute URL, or holds a raw `#`
 */
export function splitTarget(target: string): Target {
  let start = 0;
  if (target.charCodeAt(0) !== SLASH) {
    if (!/^https?:\/\/[^/?]/i.test(target)) throw new BadTarget('the request target is not a path');
    start = target.indexOf('/', target.indexOf('://') + 3);
    if (start < 0) return { segments: [], search: '' };
  }
  const question = target.indexOf('?', start);
  const end = question < 0 ? target.length : question;
  const number = target.indexOf('#', start);
  if (number >= 0 && number < end) throw new BadTarget('the path holds a raw #');
  const semicolon = target.indexOf(';', start);
  const parameters = semicolon >= 0 && semicolon < end;
  const segments: string[] = [];
  let from = start + 1;
  while (from < end) {
    const slash = target.indexOf('/', from);
    const to = slash < 0 || slash > end ? end : slash;
    // Checked here and not for the whole target: an empty segment is a doubled or trailing slash, of which there may be any number.
    if (to > from && segments.length <= MAX_SEGMENTS) {
      const segment = target.slice(from, to);
      segments.push(parameters ? withoutParameters(segment) : segment);
    }
    from = to + 1;
  }
  return { segments, search: question < 0 ? '' : target.slice(question + 1) };
}

/**
 * The text of one segment: unescaped once, as UTF-8; a `+` is a plus.
 *
 * @throws {BadTarget} for a lone `%`, escapes that are no UTF-8, and a raw `#`
 */
export function decodeSegment(segment: string): string {
  if (PLAIN.test(segment)) return segment;
  try {
    // Raw bytes above 127 come as one character each: they are read as the UTF-8 that they were.
    return decodeURIComponent(NON_ASCII.test(segment) ? utf8(segment) : segment);
  } catch (error) {
    if (error instanceof BadTarget) throw error;
    throw new BadTarget('the path holds an escape that is not UTF-8', { cause: error });
  }
}

const SLASH = 0x2f;
const PLAIN = /^[\w.:~!$&'()*+,=@-]*$/;
const NON_ASCII = /[\u0080-\uffff]/;

function withoutParameters(segment: string): string {
  const semicolon = segment.indexOf(';');
  return semicolon < 0 ? segment : segment.slice(0, semicolon);
}

function utf8(latin1: string): string {
  const text = Buffer.from(latin1, 'latin1').toString('utf8');
  if (text.includes('\ufffd')) throw new BadTarget('the path holds bytes that are not UTF-8');
  return text;
}
