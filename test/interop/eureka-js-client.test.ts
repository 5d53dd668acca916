/** eureka-js-client 4.5 from npm, unmodified, against our server: it registers, is found and called by our SDK, and finds others. */
import { createDiscovery } from '@heureka/client-sdk';
import { Eureka } from 'eureka-js-client';
import { expect, test } from 'vitest';
import { httpService } from '../helpers/http-service.ts';
import { startServer } from '../helpers/server-process.ts';
import { until } from '../helpers/until.ts';

function jsClient(port: number, app: string, servicePort: number, intervalMs = 300): Eureka {
  const client = new Eureka({
    instance: {
      app,
      instanceId: `js:${app}:${servicePort}`,
      hostName: '127.0.0.1',
      ipAddr: '127.0.0.1',
      port: { $: servicePort, '@enabled': true },
      vipAddress: app,
      dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
    },
    eureka: {
      host: '127.0.0.1',
      port,
      servicePath: '/eureka/apps/',
      heartbeatInterval: intervalMs,
      registryFetchInterval: intervalMs,
      maxRetries: 0,
      requestRetryDelay: 50,
    },
  });
  client.logger.level(60);
  return client;
}

const started = (client: Eureka): Promise<void> =>
  new Promise((resolve, reject) => client.start((error?: Error) => (error ? reject(error) : resolve())));
const stopped = (client: Eureka): Promise<void> => new Promise((resolve) => client.stop(() => resolve()));

test('a service that uses eureka-js-client is found by our SDK and called by its name', async ({ onTestFinished }) => {
  const registry = await startServer(['--data', 'none']);
  onTestFinished(async () => void (await registry.stop('SIGKILL')));
  const service = await httpService('hello from js');
  onTestFinished(() => service.kill());
  const client = jsClient(registry.port, 'legacy', service.port);
  await started(client);
  onTestFinished(() => stopped(client));
  const caller = await createDiscovery({ registry: { urls: [registry.url], pollMs: 300 }, start: 'wait' });
  onTestFinished(() => caller.close());

  await until('our SDK sees it', () => caller.instances('legacy').length === 1);
  const answer = await caller.fetch('http://legacy/');

  expect(await answer.text()).toBe('hello from js');
});

test('eureka-js-client finds what our SDK registers, follows its status, and sees it go', async ({
  onTestFinished,
}) => {
  const registry = await startServer(['--data', 'none']);
  onTestFinished(async () => void (await registry.stop('SIGKILL')));
  const service = await httpService('ours');
  onTestFinished(() => service.kill());
  const owner = await createDiscovery({ registry: registry.url });
  const registration = await owner.registerServer(service.server, {
    app: 'modern',
    address: '127.0.0.1',
    signals: false,
  });
  const client = jsClient(registry.port, 'legacy', 1);
  await started(client);
  onTestFinished(() => stopped(client));

  const seen = () => client.getInstancesByAppId('MODERN');
  const instance = await until('it finds ours', () => seen()[0]);
  expect(instance).toMatchObject({ status: 'UP', ipAddr: '127.0.0.1', port: { $: service.port } });

  await registration.setStatus('DOWN');
  await until('it no longer offers one that is DOWN', () => seen().length === 0);
  await registration.setStatus('UP');
  await until('it offers it again', () => seen().length === 1);

  await owner.close({ drainMs: 0 });
  await until('it sees the cancel', () => seen().length === 0);
});

test('eureka-js-client registers again after the server forgot it', async ({ onTestFinished }) => {
  const registry = await startServer(['--data', 'none']);
  onTestFinished(async () => void (await registry.stop('SIGKILL')));
  const client = jsClient(registry.port, 'legacy', 1);
  await started(client);
  onTestFinished(() => stopped(client));
  const app = `${registry.url}/apps/LEGACY`;
  expect((await fetch(app)).status).toBe(200);

  await fetch(`${app}/js:legacy:1`, { method: 'DELETE' });
  expect((await fetch(app)).status).toBe(404);

  await until('it is back', async () => (await fetch(app)).status === 200);
});
