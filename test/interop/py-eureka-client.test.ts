/** py_eureka_client 0.13 from PyPI, unmodified, against our server: it reads XML alone, merges deltas, and checks their hash. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { httpService } from '../helpers/http-service.ts';
import { startServer } from '../helpers/server-process.ts';
import { until } from '../helpers/until.ts';
import { type PythonClient, type PythonEnvironment, pythonClient, pythonEnvironment } from './python-client.ts';

const INSTALL_MS = 600_000;
const TEST_MS = 60_000;

let environment: PythonEnvironment;
beforeAll(async () => {
  environment = await pythonEnvironment();
}, INSTALL_MS);
afterAll(() => environment?.remove());

/** A registry, and clients of it by name; all of them end with the test. */
async function stage(onTestFinished: (end: () => Promise<void>) => void) {
  const registry = await startServer(['--data', 'none']);
  onTestFinished(async () => void (await registry.stop('SIGKILL')));
  return {
    registry,
    async client(app: string, port: number): Promise<PythonClient> {
      const client = await pythonClient(environment, registry.url, app, port);
      onTestFinished(() => client.kill());
      return client;
    },
  };
}

const statusOf = async (client: PythonClient, app: string): Promise<string | undefined> =>
  (await client.list()).find((instance) => instance.app === app)?.status;

test(
  'two clients find each other, call each other by name, see a status change and its end, and a cancel',
  async ({ onTestFinished }) => {
    const { registry, client } = await stage(onTestFinished);
    const service = await httpService('hello from python');
    onTestFinished(() => service.kill());
    const callee = await client('callee', service.port);
    const caller = await client('caller', 1);

    expect(await caller.list()).toContainEqual({
      app: 'CALLEE',
      id: `py:callee:${service.port}`,
      status: 'UP',
      host: '127.0.0.1',
      port: service.port,
      zone: 'z1',
    });
    expect(await caller.ask({ do: 'call', app: 'callee' })).toBe('hello from python');
    // The first started before the second was there: it learns of it by a delta.
    await until('the first finds the second', async () => (await statusOf(callee, 'CALLER')) === 'UP');
    const held = await fetch(`${registry.url}/apps/CALLEE`, { headers: { accept: 'application/json' } });
    expect(await held.json()).toMatchObject({
      application: { instance: [{ metadata: { my_key: 'Grüße & <tags>' }, vipAddress: 'callee' }] },
    });

    await callee.ask({ do: 'status', to: 'OUT_OF_SERVICE' });
    await until('the change is seen', async () => (await statusOf(caller, 'CALLEE')) === 'OUT_OF_SERVICE');
    await expect(caller.ask({ do: 'call', app: 'callee' })).rejects.toThrow();
    await callee.ask({ do: 'clear' });
    // Without a value the status is UNKNOWN until the client, told 404 by its next beat, registers again.
    await callee.ask({ do: 'status', to: 'UP' });
    await until('it is back', async () => (await statusOf(caller, 'CALLEE')) === 'UP');

    await callee.stop();
    await until('the cancel is seen', async () => (await statusOf(caller, 'CALLEE')) === undefined);
    expect(caller.errors).toEqual([]);
  },
  TEST_MS,
);

test(
  'a client renews its lease, and registers again after the server forgot it',
  async ({ onTestFinished }) => {
    const { registry, client } = await stage(onTestFinished);
    const one = await client('forgotten', 7);
    const instance = `${registry.url}/apps/FORGOTTEN/py%3Aforgotten%3A7`;
    const json = { headers: { accept: 'application/json' } };
    const beat = async (): Promise<number> =>
      ((await (await fetch(instance, json)).json()) as { instance: { leaseInfo: { lastRenewalTimestamp: number } } })
        .instance.leaseInfo.lastRenewalTimestamp;
    const first = await beat();
    await until('it renews', async () => (await beat()) > first);

    expect((await fetch(instance, { method: 'DELETE' })).status).toBe(200);
    expect((await fetch(instance, json)).status).toBe(404);
    await until('it is back', async () => (await fetch(instance, json)).status === 200);
    await one.list();
    // It takes any 404 for a server that is down, and registers for that reason.
    expect(one.errors).toHaveLength(1);
  },
  TEST_MS,
);

test(
  'a client that dies without a word is gone for the others when its lease has ended',
  async ({ onTestFinished }) => {
    const { client } = await stage(onTestFinished);
    const mortal = await client('mortal', 7);
    const witness = await client('witness', 8);
    await until('it is seen', async () => (await statusOf(witness, 'MORTAL')) === 'UP');
    await mortal.kill();
    await until('it is gone', async () => (await statusOf(witness, 'MORTAL')) === undefined, 30_000);
  },
  TEST_MS,
);
