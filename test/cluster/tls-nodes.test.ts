/** Nodes that speak TLS alone ask each other by TLS too. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { certificate } from '../../registry-server/src/certificates.fixture.ts';
import { createRegistryServer } from '../../registry-server/src/server.ts';
import { startRedis } from '../helpers/redis-server.ts';
import { readiness } from '../helpers/registry-calls.ts';
import { freePort } from '../helpers/server-process.ts';
import { tcpProxy } from '../helpers/tcp-proxy.ts';
import { until } from '../helpers/until.ts';

test('of two nodes that let in only whom their authority signed, the one that alone lost Redis knows that it is cut off', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'heureka-tls-nodes-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const authority = certificate('authority');
  const own = certificate('registry', authority);
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const tls = {
    tlsCert: await file('cert.pem', own.cert),
    tlsKey: await file('key.pem', own.key),
    tlsClientCa: await file('ca.pem', authority.cert),
  };
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const proxy = await tcpProxy(redis);
  onTestFinished(() => proxy.close());
  const started = async (redisPort: number): Promise<{ port: number; admin: string }> => {
    const adminPort = await freePort();
    const server = await createRegistryServer({
      ...{ port: 0, host: '127.0.0.1', redis: `redis://127.0.0.1:${redisPort}`, adminPort, ...tls },
    });
    onTestFinished(() => server.close());
    return { port: server.port, admin: `http://127.0.0.1:${adminPort}` };
  };
  const peer = await started(redis.port);
  const node = await started(proxy.port);

  proxy.cut('refused');
  const cut = await until('it knows that it is cut off', async () => {
    const said = await readiness(node.admin);
    return said.status === 503 ? said : undefined;
  });
  expect(cut.reason).toContain(`which https://127.0.0.1:${peer.port} still has`);
  proxy.heal();
  await until('it follows again', async () => (await readiness(node.admin)).status === 200);
});
