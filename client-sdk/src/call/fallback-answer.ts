/** An answer that a service's fallback made, given to a caller as if an instance had sent it. */
import type { FallbackAnswer } from '../api.ts';
import type { CallHandler, RawHeaders } from './wire.ts';

/** An answer that can be given. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: RawHeaders;
  readonly body: Buffer;
}

/** @returns undefined for nothing, and for what is no status, header or body: the error that called for it stands */
export function rawAnswer(answer: FallbackAnswer | undefined): RawAnswer | undefined {
  try {
    return answer === undefined ? undefined : encoded(answer);
  } catch {
    return undefined;
  }
}

/** @throws {TypeError} */
function encoded({ status, headers = {}, body }: FallbackAnswer): RawAnswer {
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new TypeError(`a status is 200 to 599, got ${status}`);
  const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(body as string);
  const raw: RawHeaders = [];
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : [value]) raw.push(latin1(name), latin1(one));
  }
  if (!Object.keys(headers).some((name) => name.toLowerCase() === 'content-length')) {
    raw.push(latin1('content-length'), latin1(String(bytes.length)));
  }
  return { status, headers: raw, body: bytes };
}

export function giveFallback({ status, headers, body }: RawAnswer, caller: CallHandler): void {
  let given = false;
  const rest = (): void => {
    if (given) return;
    given = true;
    if (body.length > 0) caller.onData(body);
    caller.onComplete([]);
  };
  if (caller.onHeaders(status, headers, rest, '') !== false) rest();
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
