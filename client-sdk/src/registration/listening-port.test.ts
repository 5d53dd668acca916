import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listeningOn } from './listening-port.ts';

test('it waits until the server listens, and finds the port that port 0 became', async ({ onTestFinished }) => {
  const server = createServer();
  onTestFinished(() => void server.close());
  const asked = listeningOn(server);
  server.listen(0, '127.0.0.1');
  const { port, secure, address } = await asked;
  expect([port > 0, secure, address]).toEqual([true, false, '127.0.0.1']);
  expect(await listeningOn(server)).toEqual({ port, secure, address });
  expect(server.listenerCount('error') + server.listenerCount('close')).toBe(0);
});

test('a server for TLS is a secure one', async ({ onTestFinished }) => {
  const server = createSecureServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  expect((await listeningOn(server)).secure).toBe(true);
});

test('a server that cannot listen says why; one that is closed, that it was', async ({ onTestFinished }) => {
  const first = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void first.close());
  const { port } = await listeningOn(first);
  const second = createServer();
  const asked = listeningOn(second);
  second.listen(port, '127.0.0.1');
  await expect(asked).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('a Unix socket cannot be called by others, so it is refused as an option', async ({ onTestFinished }) => {
  const server = createServer().listen(join(tmpdir(), `listening-port-${process.pid}.sock`));
  onTestFinished(() => void server.close());
  await expect(listeningOn(server)).rejects.toMatchObject({ code: 'ERR_OPTIONS' });
});
