/** Options of the SDK that touch the machine, each through `createDiscovery`: TLS, files, other dispatchers, affinity, hints, channels. */
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDiscovery, type Discovery, type DiscoveryOptions, type Instance } from '@heureka/client-sdk';
import { anInstance } from '@heureka/client-sdk/testing';
import { Agent, Pool } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { certificate } from '../../registry-server/src/certificates.fixture.ts';
import { startServer } from '../helpers/server-process.ts';
import { until } from '../helpers/until.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function listening(listener: RequestListener, tls?: { cert: string; key: string }): Promise<number> {
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function over(instances: readonly Instance[], options: DiscoveryOptions = {}): Promise<Discovery> {
  const source: DiscoveryOptions['source'] = { open: async (handler) => handler.snapshot(instances) };
  const discovery = await createDiscovery({ source, start: 'wait', ...options });
  ends.push(() => discovery.close({ drainMs: 0 }));
  return discovery;
}

const saying =
  (text: string): RequestListener =>
  (_, response) =>
    response.end(text);

test('an instance with a secure port is called by TLS, checked by its host name; who asks for https never gets plain text', async () => {
  const authority = certificate('an authority');
  const own = certificate('orders', authority);
  const secure = await listening((request, response) => {
    response.end(`tls ${(request.socket as unknown as { servername: string }).servername}`);
  }, own);
  const plain = await listening(saying('plain'));
  const orders = anInstance({
    app: 'orders',
    // What the certificate names; the connection goes to the address.
    hostname: 'localhost',
    port: plain,
    ports: { plain, secure },
  });
  const trusting = (instance: Instance) =>
    new Pool(`https://${instance.address}:${instance.ports.secure}`, {
      connect: { ca: authority.cert, servername: instance.hostname },
    });

  const discovery = await over([orders], { dispatcherFor: trusting, defaults: { protocol: 'https' } });
  expect(await (await discovery.fetch('http://orders/')).text()).toBe('tls localhost');

  // Its own pools check certificates by the system's authorities, which do not know this one.
  const strict = await over([orders]);
  expect(await (await strict.fetch('http://orders/')).text()).toBe('plain');
  const refused = await strict.fetch('https://orders/').then(
    () => 'answered',
    (error: Error) => String((error.cause as { cause?: { code?: string } }).cause?.code),
  );
  expect(refused).toMatch(/CERT|SELF_SIGNED|UNABLE_TO/);

  const onlyPlain = await over([anInstance({ app: 'orders', port: plain })]);
  await expect(onlyPlain.request('https://orders/')).rejects.toMatchObject({ code: 'ERR_NO_INSTANCE' });
});

test('a list on disk serves calls at a start without a registry, and says where it comes from', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'heureka-snapshot-'));
  ends.push(() => rmSync(folder, { recursive: true }));
  const snapshotFile = join(folder, 'registry.json');
  const port = await listening(saying('from disk'));
  const registry = await startServer(['--data', 'none']);
  ends.push(() => registry.stop('SIGKILL'));
  const owner = await createDiscovery({ registry: registry.url, snapshotFile, start: 'wait' });
  await owner.register({ app: 'orders', port, address: '127.0.0.1', signals: false });
  await until('it knows itself', () => owner.instances('orders').length === 1);
  await registry.stop('SIGKILL');
  await owner.close({ drainMs: 0 });

  const modes: string[] = [];
  const later = await createDiscovery({ registry: registry.url, snapshotFile });
  ends.push(() => later.close({ drainMs: 0 }));
  later.on('source', ({ mode }) => modes.push(mode));
  expect(await (await later.fetch('http://orders/')).text()).toBe('from disk');
  expect(later.inspect().source.stale || later.inspect().source.ageMs > 0).toBe(true);
});

test('hosts that are no services go where the options say', async () => {
  const port = await listening(saying('elsewhere'));
  const seen: string[] = [];
  const agent = new Agent();
  ends.push(() => agent.close());
  const fallbackDispatcher = agent.compose((dispatch) => (options, handler) => {
    seen.push(String(options.origin));
    return dispatch(options, handler);
  });
  const discovery = await over([anInstance({ app: 'orders', port })], { fallbackDispatcher });
  expect(await (await discovery.fetch(`http://127.0.0.1:${port}/`)).text()).toBe('elsewhere');
  expect(await (await discovery.fetch('http://orders/')).text()).toBe('elsewhere');
  expect(seen).toEqual([`http://127.0.0.1:${port}`]);
});

test('one key stays with one instance, and a hint with those that have it', async () => {
  const instances = await Promise.all(
    ['blue', 'blue', 'green'].map(async (color, index) =>
      anInstance({ app: 'orders', port: await listening(saying(`${color}${index}`)), metadata: { color } }),
    ),
  );
  const discovery = await over(instances, { services: { orders: { policy: 'affinity' } } });
  const answers = async (options: object): Promise<Set<string>> => {
    const texts = new Set<string>();
    // One after the other: bounded load sends a crowd elsewhere.
    for (let call = 0; call < 20; call++) {
      const { body } = await discovery.request({ service: 'orders', path: '/', ...options });
      texts.add(await body.text());
    }
    return texts;
  };
  for (const affinityKey of ['a', 'b', 'c']) expect((await answers({ affinityKey })).size).toBe(1);
  expect(await answers({ hint: { color: 'green' } })).toEqual(new Set(['green2']));
});

test('diagnostics channels hear what listeners hear, of every discovery in the process', async () => {
  const heard: string[] = [];
  const listen = (message: unknown, name: string | symbol): void => {
    heard.push(`${String(name)} ${(message as { service: string }).service}`);
  };
  subscribe('heureka:attempt', listen);
  ends.push(() => unsubscribe('heureka:attempt', listen));
  const discovery = await over([anInstance({ app: 'orders', port: await listening(saying('ok')) })]);
  await (await discovery.fetch('http://orders/')).text();
  expect(heard).toEqual(['heureka:attempt orders']);
  expect(channel('heureka:attempt').hasSubscribers).toBe(true);
});
