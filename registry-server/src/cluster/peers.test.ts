import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { certificate } from '../certificates.fixture.ts';
import type { NodeReport } from '../store/registry-store.ts';
import { Peers } from './peers.ts';

const follows: RequestListener = (request, response) => {
  response.end(request.url === '/health/store' ? '{"state":"following"}' : '');
};

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function reports(...urls: readonly string[]): NodeReport[] {
  return urls.map((url, index) => ({ id: `n${index}`, url, schema: 1, renewsLastMinute: 0 }));
}

test('the first node that follows the store is told; not this one, none without an address or on a bad one', async () => {
  const away = `http://${await listening(createServer((_, response) => response.end('{"state":"away"}')))}`;
  const one = `http://${await listening(createServer(follows))}`;
  const peers = new Peers('self');
  expect(await peers.withStore([...reports(away, '', 'no url', one)])).toBe(one);
  expect(await peers.withStore([{ ...reports(one)[0]!, id: 'self' }])).toBeUndefined();
  expect(await peers.withStore(reports(away))).toBeUndefined();
});

test('nodes that let in only those whose certificate their authority signed let each other in', async () => {
  const authority = certificate('authority');
  const [theirs, ours] = [certificate('node-1', authority), certificate('node-2', authority)];
  const tls = { cert: theirs.cert, key: theirs.key, ca: authority.cert, requestCert: true };
  const url = `https://${await listening(createTlsServer(tls, follows))}`;
  const withStore = (own?: ConstructorParameters<typeof Peers>[1]): Promise<string | undefined> =>
    new Peers('self', own).withStore(reports(url));
  expect(await withStore({ cert: ours.cert, key: ours.key, clientCa: authority.cert })).toBe(url);
  expect(await withStore()).toBeUndefined();
  const stranger = certificate('stranger');
  expect(await withStore({ cert: stranger.cert, key: stranger.key })).toBeUndefined();
});

test('a node that answers drop by drop is not waited for longer than half a second', async () => {
  const drops = createServer((_, response) => {
    const timer = setInterval(() => response.write(' '), 50);
    response.on('close', () => clearInterval(timer));
  });
  const url = `http://${await listening(drops)}`;
  const asked = performance.now();
  expect(await new Peers('self').withStore(reports(url))).toBeUndefined();
  expect(performance.now() - asked).toBeLessThan(2_000);
});
