/** What answers of a registry mean, whoever wrote them: texts and headers in, the SDK's words out. No sockets, no time. */
import { DecodeError } from '../protocol/decode-error.ts';
import { Header } from '../protocol/headers.ts';
import type { InstanceInfo } from '../protocol/instance-info.ts';
import { decodeApplications, decodeRegistration } from '../protocol/json-decoder.ts';
import type { HttpAnswer } from './http-client.ts';
import type { Capabilities, Listed } from './registry-api.ts';

type Headers = HttpAnswer['headers'];

const MAX_CURSOR = 200;
/** Of a server's own words in a message of ours. */
const MAX_REASON = 200;
const NONE: Capabilities = { since: false, stream: false };

export function capabilitiesOf(headers: Headers): Capabilities {
  const header = headers[Header.CAPABILITIES];
  if (typeof header !== 'string') return NONE;
  const words = header.split(/[;,]/).map((word) => word.trim().toLowerCase());
  return { since: words.includes('since'), stream: words.includes('stream') };
}

/** @returns undefined for what cannot be a cursor */
export function cursorOf(text: string | string[] | undefined): string | undefined {
  return typeof text === 'string' && text.length <= MAX_CURSOR && /^[!-~]+$/.test(text) ? text : undefined;
}

/** @param text - `{"applications":...}` @throws {DecodeError} for an empty text too: a server that has lost its way answers so */
export function listedOf(text: string, headers: Headers, server: string): Listed {
  if (text.trim() === '') throw new DecodeError('', 'is empty');
  const list = decodeApplications(text);
  return { ...list, server, capabilities: capabilitiesOf(headers), cursor: cursorOf(headers[Header.CURSOR]) };
}

/** @param text - `{"application":{...}}`, what `apps/{app}` answers @throws {DecodeError} */
export function listedAppOf(text: string, headers: Headers, server: string): Listed {
  const document = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  if (!/^\s*\{\s*"application"/.test(document)) throw new DecodeError('', 'has no property "application"');
  return listedOf(`{"applications":${document}}`, headers, server);
}

/** @param text - `{"instance":{...}}` @throws {DecodeError} */
export function instanceOf(text: string): InstanceInfo {
  const { missing: _, ...info } = decodeRegistration(text);
  return info;
}

/** Why a server refused, in its own words as far as they can be shown: one line, no control characters, bounded. */
export function reasonOf(headers: Headers, text: string): string {
  const header = headers[Header.REASON];
  const words = typeof header === 'string' ? header : text;
  // An error page says nothing that its status does not.
  if (/^\s*[<{[]/.test(words)) return '';
  return words
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, MAX_REASON);
}
