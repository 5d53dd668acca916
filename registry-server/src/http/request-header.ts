/**
 * One header of a request, looked for among those that came. Node's `request.headers` makes an object of all of them at its first use, which is
 * a good part of what a heartbeat costs beside its socket.
 */
import type { IncomingMessage } from 'node:http';

/**
 * @param name - in lower case
 * @returns its value as `request.headers` has it, where several are joined or only the first counts; undefined: absent
 */
export function requestHeader(
  request: Pick<IncomingMessage, 'headers' | 'rawHeaders'>,
  name: string,
): string | undefined {
  const { rawHeaders } = request;
  let found: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const key = rawHeaders[at]!;
    if (key.length !== name.length || (key !== name && key.toLowerCase() !== name)) continue;
    if (found !== undefined) return String(request.headers[name]);
    found = rawHeaders[at + 1];
  }
  return found;
}
