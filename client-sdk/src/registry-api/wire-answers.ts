/** What answers of a registry mean, whoever wrote them: texts and headers in, the SDK's words out. No sockets. */
import { applicationTexts } from '../protocol/application-texts.ts';
import type { Application } from '../protocol/applications.ts';
import { DecodeError } from '../protocol/decode-error.ts';
import { Header } from '../protocol/headers.ts';
import type { InstanceInfo } from '../protocol/instance-info.ts';
import { decodeApplications, decodeRegistration } from '../protocol/json-decoder.ts';
import { type Clock, sleep } from '../runtime/clock.ts';
import type { HttpAnswer } from './http-client.ts';
import type { Capabilities, Listed } from './registry-api.ts';

type Headers = HttpAnswer['headers'];

const MAX_CURSOR = 200;
/** Shorter texts are read in one go: some hundred instances, a few ms. */
const LARGE_TEXT = 262_144;
/** Work without a pause, in ms. */
const TURN_MS = 8;
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

/**
 * The same for a list of any size, a few applications at a time: between two lots everything else has its turn.
 *
 * @throws {DecodeError}
 */
export async function listedInTurns(text: string, headers: Headers, server: string, clock: Clock): Promise<Listed> {
  if (text.length < LARGE_TEXT) return listedOf(text, headers, server);
  const texts = applicationTexts(text);
  const applications: Application[] = [];
  let skipped = 0;
  let began = clock.monotonic();
  for (let next = texts.next(); ; next = texts.next()) {
    if (next.done) {
      // Of another shape: it is read whole, and says itself what is wrong with it.
      if (next.value === undefined) return listedOf(text, headers, server);
      return { ...listedOf(next.value, headers, server), applications, skipped };
    }
    const list = decodeApplications(`{"applications":{"application":[${next.value}]}}`);
    applications.push(...list.applications);
    skipped += list.skipped;
    if (clock.monotonic() - began < TURN_MS) continue;
    await sleep(clock, 0, undefined, { keepAlive: true });
    began = clock.monotonic();
  }
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
