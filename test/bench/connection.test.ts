import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Answered, Connection } from './connection.ts';

let server: Server;
let port: number;
/** Sent to whoever asks, piece by piece. */
let pieces: readonly string[];

beforeEach(async () => {
  server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('data', async () => {
      for (const piece of pieces) {
        socket.write(piece);
        // Each its own packet.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});

afterEach(() => void server.close());

async function answers(count: number): Promise<readonly Answered[]> {
  const got: Answered[] = [];
  await new Promise<void>((resolve, reject) => {
    const connection = new Connection(
      { host: '127.0.0.1', port },
      (answer) => {
        got.push(answer);
        if (got.length < count) connection.send('again');
        else {
          connection.close();
          resolve();
        }
      },
      reject,
      true,
    );
    connection.opened().then(() => connection.send('first'), reject);
  });
  return got;
}

test('an answer ends with its length, wherever the network cuts it', async () => {
  const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
  for (let cut = 1; cut < whole.length; cut += 7) {
    pieces = [whole.slice(0, cut), whole.slice(cut)];
    const [first, second] = await answers(2);
    expect([first!.status, first!.body!.toString(), first!.bytes]).toEqual([200, 'hello', whole.length]);
    expect(second).toEqual(first);
  }
});

test('an answer in chunks ends with the last of them', async () => {
  pieces = ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', '5\r\nhello\r\n', '0\r\n', '\r\n'];
  expect((await answers(2)).map(({ status }) => status)).toEqual([200, 200]);
});

test('an answer without a body ends with its head', async () => {
  pieces = ['HTTP/1.1 204 No Content\r\n\r\n'];
  expect((await answers(3)).map(({ status, bytes }) => [status, bytes])).toEqual(Array(3).fill([204, 27]));
});
