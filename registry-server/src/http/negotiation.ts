/**
 * Which format an answer has and which a body is in, as stock servers decide it (protocol 1.2): by substrings where they do, by the
 * standard's rules where they do.
 */
import type { Representation } from '../views/views.ts';
import { BodyRefused } from './body.ts';

export type Format = Representation['format'];
type Form = Representation['form'];
type Encoding = Representation['encoding'];

export const CONTENT_TYPE: Readonly<Record<Format, string>> = { json: 'application/json', xml: 'application/xml' };

/** Lists and views: JSON exactly when Accept contains `json`; nothing else about it counts. */
export function listFormat(accept: string | undefined): Format {
  return accept?.includes('json') === true ? 'json' : 'xml';
}

/**
 * A single instance: the standard's negotiation over XML and JSON, XML where both are equally welcome.
 *
 * @returns undefined when neither is acceptable
 */
export function entityFormat(accept: string | undefined): Format | undefined {
  if (accept === undefined || accept === '' || accept === '*/*') return 'xml';
  if (accept === 'application/json') return 'json';
  if (accept === 'application/xml') return 'xml';
  let json = -1;
  let xml = -1;
  let jsonRank = 0;
  let xmlRank = 0;
  for (const range of accept.split(',').slice(0, MAX_RANGES)) {
    const { type, q } = mediaRange(range);
    // The more specific range decides for its type, whatever a wildcard says.
    if (type === 'application/json') [json, jsonRank] = best(q, 3, json, jsonRank);
    else if (type === 'application/xml') [xml, xmlRank] = best(q, 3, xml, xmlRank);
    else if (type === 'application/*' || type === '*/*') {
      const rank = type === '*/*' ? 1 : 2;
      [json, jsonRank] = best(q, rank, json, jsonRank);
      [xml, xmlRank] = best(q, rank, xml, xmlRank);
    }
  }
  if (json <= 0 && xml <= 0) return undefined;
  if (json === xml) return jsonRank > xmlRank ? 'json' : 'xml';
  return json > xml ? 'json' : 'xml';
}

/**
 * Whether a client takes JSON or XML at all: else 406 before anything is done. Lists are JSON by substring even where the type's own
 * `q` is 0, so this asks for names only.
 */
export function acceptable(accept: string | undefined): boolean {
  if (accept === undefined || accept === '' || accept === '*/*') return true;
  if (accept === 'application/json' || accept === 'application/xml') return true;
  for (const range of accept.split(',').slice(0, MAX_RANGES)) {
    const { type } = mediaRange(range);
    if (type === '*/*' || type === 'application/*' || type === 'application/json' || type === 'application/xml') {
      return true;
    }
  }
  return false;
}

/** The view that answers a list request. Only `apps` and `apps/delta` are ever compressed, as stock does. */
export function representation(
  accept: string | undefined,
  eurekaAccept: string | undefined,
  acceptEncoding: string | undefined,
): Representation {
  const form = eurekaAccept !== undefined && eurekaAccept.toLowerCase() === 'compact' ? 'compact' : 'full';
  return REPRESENTATIONS[listFormat(accept)][form][listEncoding(acceptEncoding)];
}

export function listEncoding(acceptEncoding: string | undefined): Encoding {
  return acceptEncoding?.includes('gzip') === true ? 'gzip' : 'identity';
}

export interface ReadableFormat {
  readonly is: Format;
  /** As the client wrote it: error bodies carry it back. */
  readonly label: string;
}

export type BodyFormat =
  | ReadableFormat
  /** 415. */
  | { readonly is: 'unsupported' }
  /** No media type at all: 400. */
  | { readonly is: 'malformed' };

/** What a body is in, by its Content-Type alone; `application/*` and wildcards are taken for XML, as stock does. */
export function bodyFormat(contentType: string | undefined): BodyFormat {
  if (contentType === 'application/json') return { is: 'json', label: contentType };
  if (contentType === undefined) return { is: 'unsupported' };
  const [type = '', ...parameters] = contentType.split(';', MAX_RANGES);
  const name = type.trim().toLowerCase();
  if (!MEDIA_TYPE.test(name)) return { is: 'malformed' };
  for (const parameter of parameters) {
    const charset = parameterValue(parameter, 'charset');
    if (charset !== undefined && !CHARSETS.has(charset.toLowerCase())) return { is: 'unsupported' };
  }
  if (name === 'application/json') return { is: 'json', label: contentType };
  if (name === 'application/xml' || name === 'application/*' || name === '*/*')
    return { is: 'xml', label: contentType };
  return { is: 'unsupported' };
}

/** @throws {BodyRefused} when a body with this Content-Type cannot be read */
export function readableFormat(contentType: string | undefined): ReadableFormat {
  const format = bodyFormat(contentType);
  if (format.is === 'malformed') throw new BodyRefused(400, 'the Content-Type is no media type');
  if (format.is === 'unsupported')
    throw new BodyRefused(415, 'a body is application/json or application/xml, in UTF-8');
  return format;
}

/** Whether `If-None-Match` names this ETag; tags are compared weakly. */
export function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch === etag || ifNoneMatch.trim() === '*') return true;
  const strong = etag.replace(/^W\//, '');
  return ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === strong);
}

const encodings = (format: Format, form: Form): Readonly<Record<Encoding, Representation>> => ({
  identity: { format, form, encoding: 'identity' },
  gzip: { format, form, encoding: 'gzip' },
});
const forms = (format: Format): Readonly<Record<Form, Readonly<Record<Encoding, Representation>>>> => ({
  full: encodings(format, 'full'),
  compact: encodings(format, 'compact'),
});
/** One object each: a request makes none. */
export const REPRESENTATIONS = { json: forms('json'), xml: forms('xml') } as const;

/** More media ranges than any client sends. */
const MAX_RANGES = 64;
/** Bodies are read as UTF-8 whichever of them is named, as stock does. */
const CHARSETS: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'iso-8859-1']);
const MEDIA_TYPE = /^[^\s/;,]+\/[^\s/;,]+$/;

function mediaRange(range: string): { type: string; q: number } {
  const [type = '', ...parameters] = range.split(';');
  let q = 1;
  for (const parameter of parameters) {
    const value = parameterValue(parameter, 'q');
    if (value !== undefined && /^[0-9.]+$/.test(value)) q = Number(value);
  }
  return { type: type.trim().toLowerCase(), q: Number.isNaN(q) ? 1 : q };
}

/** The value of `name=value` or `name="value"`, if the parameter has this name. By hand: a pattern would try each split of a long run of spaces. */
function parameterValue(parameter: string, name: string): string | undefined {
  const equals = parameter.indexOf('=');
  if (equals < 0 || parameter.slice(0, equals).trim().toLowerCase() !== name) return undefined;
  const value = parameter.slice(equals + 1).trim();
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

function best(q: number, rank: number, held: number, heldRank: number): [number, number] {
  if (rank > heldRank) return [q, rank];
  return rank === heldRank && q > held ? [q, rank] : [held, heldRank];
}
