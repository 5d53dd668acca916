import { once } from 'node:events';
import { createServer, validateHeaderValue } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { exchange, rawHttp } from '../../../test/helpers/raw-http.ts';
import { until } from '../../../test/helpers/until.ts';
import { headerText, NO_HEADERS, OK, PIECE_BYTES, type Reply, withBody, writeReply } from './reply.ts';
import { SILENCE_MS } from './silent-sockets.ts';

/** Answers everything so. */
async function answering(reply: Reply): Promise<{ port: number; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((_, response) => writeReply(response, reply, NO_HEADERS)).listen(0, '127.0.0.1');
  server.on('connection', (socket) => sockets.push(socket));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, sockets };
}

function replyOf(chunks: readonly Buffer[]): Reply {
  return withBody(200, {}, { length: chunks.reduce((sum, { length }) => sum + length, 0), chunks });
}

/** The same bytes every time, and no two pieces alike. */
function bytes(length: number): Buffer {
  const buffer = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) buffer.writeUInt32LE((at * 2_654_435_761) % 2 ** 32, at);
  return buffer;
}

test('the answer to a heartbeat says that its length is 0, and leaves the connection open, to HTTP/1.0 too', async () => {
  const { port } = await answering(OK);
  const twice = (version: string): Buffer => {
    const ask = `PUT / HTTP/${version}\r\nHost: x\r\n`;
    return Buffer.from(`${ask}Connection: keep-alive\r\n\r\n${ask}Connection: close\r\n\r\n`);
  };
  for (const version of ['1.1', '1.0']) {
    const answers = (await exchange(port, twice(version))).toString();
    expect(answers.match(/^HTTP\/1\.1 200 OK\r\n/gm)).toHaveLength(2);
    expect(answers.match(/^content-length: 0\r\n/gim)).toHaveLength(2);
    expect(answers).not.toMatch(/transfer-encoding/i);
  }
});

test.each([
  ['one buffer', [7 * PIECE_BYTES + 1]],
  ['buffers of the size of a piece', [PIECE_BYTES, PIECE_BYTES, PIECE_BYTES]],
  ['an empty one among small and large ones', [0, 3, 2 * PIECE_BYTES, 0, 5, PIECE_BYTES - 9, 4 * PIECE_BYTES]],
  ['small ones', Array.from({ length: 700 }, () => 4_099)],
])('a large answer of %s arrives whole, and HEAD says its length', async (_, lengths) => {
  const body = lengths.map(bytes);
  const { port } = await answering(replyOf(body));
  const answer = await rawHttp(port, ['GET / HTTP/1.1']);
  expect(answer.body.equals(Buffer.concat(body))).toBe(true);
  const head = await rawHttp(port, ['HEAD / HTTP/1.1']);
  expect([head.headers['content-length'], head.body.length]).toEqual([String(answer.body.length), 0]);
});

test('of a large answer little waits in the socket', async () => {
  const body = bytes(8 * PIECE_BYTES);
  const { port, sockets } = await answering(replyOf([body]));
  const reader = connect(port, '127.0.0.1').pause();
  onTestFinished(() => void reader.destroy());
  reader.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await until('the answer is on its way', () => (sockets[0]?.writableLength ?? 0) > 0);
  let seen = 0;
  let most = sockets[0]!.writableLength;
  reader.on('data', (chunk: Buffer) => {
    seen += chunk.length;
    most = Math.max(most, sockets[0]!.writableLength);
  });
  reader.resume();
  await until('all is read', () => seen > body.length);
  expect(most).toBeLessThanOrEqual(PIECE_BYTES + 1_024);
});

test('while a large answer is on its way its connection has a time-out, which a slow reader never meets and one that reads nothing does', async () => {
  const { port, sockets } = await answering(replyOf([bytes(8 * PIECE_BYTES)]));
  const reader = connect(port, '127.0.0.1').pause();
  onTestFinished(() => void reader.destroy());
  reader.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await until('the answer is on its way', () => (sockets[0]?.writableLength ?? 0) > 0);
  const socket = sockets[0]!;
  expect(socket.timeout).toBe(SILENCE_MS);
  // Shorter, so that nobody waits: Node alone keeps it.
  socket.setTimeout(300);
  const slowly = setInterval(() => reader.read(200 * 1024), 30);
  onTestFinished(() => clearInterval(slowly));
  const began = performance.now();
  await until('a reader was slower than the time-out, and was not cut', () => performance.now() - began > 1_200);
  expect([socket.destroyed, socket.writableLength > 0]).toEqual([false, true]);
  clearInterval(slowly);
  await until('it reads no more and is cut', () => socket.destroyed);
});

test.each([
  ['plain text', 'plain text'],
  ['a\r\nX-Evil: 1', 'a%0D%0AX-Evil: 1'],
  ['Grüße', 'Gr%C3%BC%C3%9Fe'],
  // Two UTF-16 units, one character: each alone has no UTF-8.
  ['\u{1f600}', '%F0%9F%98%80'],
  ['\ud800', '%EF%BF%BD'],
  [`${'x'.repeat(299)}\u{1f600}`, `${'x'.repeat(299)}%EF%BF%BD`],
])('%j as a header is %j', (text, header) => {
  expect(headerText(text)).toBe(header);
});

test('any text becomes a header that HTTP allows', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(() => validateHeaderValue('x-heureka-reason', headerText(text))).not.toThrow();
    }),
  );
});
