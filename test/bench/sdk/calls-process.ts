/** The measured side of `calls.ts`, as a process that loads the SDK as it is published. Prints its rows as JSON. */
import { createDiscovery, type Discovery } from '@heureka/client-sdk';
import { anInstance } from '@heureka/client-sdk/testing';
import { Pool } from 'undici';
import { spreadOf } from '../statistics.ts';

export interface CallCost {
  readonly slots: number;
  readonly bareUs: number;
  readonly sdkUs: number;
  /** SDK less bare, between neighbouring slices: median. */
  readonly moreUs: number;
  /** The bare pool less itself: what is noise. */
  readonly againUs: number;
}

const CONCURRENCY = 32;

type Caller = () => Promise<void>;

async function measure(port: number, slots: number, calls: number, rounds: number): Promise<CallCost> {
  // As the SDK opens its own.
  const options = {
    connections: 32,
    headersTimeout: 5_000,
    bodyTimeout: 30_000,
    keepAliveTimeout: 4_000,
    pipelining: 1,
  };
  const bare = new Pool(`http://127.0.0.1:${port}`, options);
  const discovery = await discoveryOf(port, slots);
  const bareRequest = { path: '/x', method: 'GET' } as const;
  const callBare: Caller = async () => {
    const { statusCode, body } = await bare.request(bareRequest);
    if (statusCode !== 200) throw new Error(`wrong: a bare answer of ${statusCode}`);
    await body.dump();
  };
  const request = { service: 'orders', path: '/x', method: 'GET' } as const;
  const callSdk: Caller = async () => {
    const { statusCode, body } = await discovery.request(request);
    if (statusCode !== 200) throw new Error(`wrong: a balanced answer of ${statusCode}`);
    await body.dump();
  };
  for (const call of [callBare, callSdk, callBare, callSdk]) await slice(call, 2 * calls);
  const samples: { bare: number; sdk: number; more: number; again: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = await slice(callBare, calls);
    const sdk = await slice(callSdk, calls);
    const after = await slice(callBare, calls);
    const own = (before + after) / 2;
    samples.push({ bare: own, sdk, more: sdk - own, again: after - before });
  }
  await discovery.close();
  await bare.close();
  return {
    slots,
    bareUs: spreadOf(samples.map((sample) => sample.bare)).median,
    sdkUs: spreadOf(samples.map(({ sdk }) => sdk)).median,
    moreUs: spreadOf(samples.map(({ more }) => more)).median,
    againUs: spreadOf(samples.map(({ again }) => again)).median,
  };
}

/** One server as several instances: addresses of the loopback, which all reach it. */
async function discoveryOf(port: number, slots: number): Promise<Discovery> {
  const instances = Array.from({ length: slots }, (_, index) =>
    anInstance({ app: 'orders', address: `127.0.0.${index + 1}`, port }),
  );
  return createDiscovery({ source: { open: async (handler) => handler.snapshot(instances) }, start: 'wait' });
}

/** @returns CPU of this process, in us a call */
async function slice(call: Caller, calls: number): Promise<number> {
  let left = calls;
  const before = process.cpuUsage();
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      while (left-- > 0) await call();
    }),
  );
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

const [port, calls, rounds] = process.argv.slice(2).map(Number) as [number, number, number];
const costs: CallCost[] = [];
for (const slots of [1, 4]) costs.push(await measure(port, slots, calls, rounds));
console.log(JSON.stringify(costs));
