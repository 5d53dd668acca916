import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { rawHttp } from '../../../test/helpers/raw-http.ts';
import { requestHeader } from './request-header.ts';

test('a header is what `request.headers` says, in any case, once, more than once, or not at all', async () => {
  const seen: (readonly [string | undefined, unknown])[] = [];
  const names = ['accept', 'content-type', 'x-netflix-discovery-replication', 'host', 'absent'];
  const server = createServer((request: IncomingMessage, response) => {
    for (const name of names) seen.push([requestHeader(request, name), request.headers[name]]);
    response.end();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await rawHttp(port, ['GET / HTTP/1.1', 'ACCEPT:  a/b ', 'Content-Type: x/y']);
  await rawHttp(port, ['GET / HTTP/1.1', 'Accept: a/b', 'accept: c/d', 'Content-Type: x/y', 'Content-Type: z/z']);
  await rawHttp(port, [
    'GET / HTTP/1.1',
    'x-netflix-discovery-replication: true',
    'X-Netflix-Discovery-Replication: true',
  ]);
  await rawHttp(port, ['GET / HTTP/1.1', 'accept:']);

  expect(seen).toHaveLength(4 * names.length);
  for (const [ours, nodes] of seen) expect(ours).toBe(nodes);
  expect(seen.some(([ours]) => ours === 'a/b, c/d')).toBe(true);
});
