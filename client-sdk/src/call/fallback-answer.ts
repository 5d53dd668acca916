/** An answer that a service's fallback made, given to a caller as if an instance had sent it. */
import type { FallbackAnswer } from '../api.ts';
import type { CallHandler, RawHeaders } from './wire.ts';

export function giveFallback({ status, headers = {}, body }: FallbackAnswer, caller: CallHandler): void {
  const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(body as string);
  const raw: RawHeaders = [];
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : [value]) raw.push(latin1(name), latin1(one));
  }
  if (!Object.keys(headers).some((name) => name.toLowerCase() === 'content-length')) {
    raw.push(latin1('content-length'), latin1(String(bytes.length)));
  }
  let given = false;
  const rest = (): void => {
    if (given) return;
    given = true;
    if (bytes.length > 0) caller.onData(bytes);
    caller.onComplete([]);
  };
  if (caller.onHeaders(status, raw, rest, '')) rest();
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
