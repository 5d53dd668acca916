import { expect, test } from 'vitest';
import type { InstanceInfo } from '../protocol/instance-info.ts';
import { judgeServed } from './judge-served.ts';
import { prepareRegistration } from './prepare-registration.ts';

async function record(given: Partial<InstanceInfo>): Promise<InstanceInfo> {
  const { info } = await prepareRegistration(
    { app: 'orders', port: 3000, address: '10.0.0.7', metadata: { k: 'v' } },
    {
      environment: {},
      zone: undefined,
      workerId: undefined,
      packageName: () => Promise.resolve(undefined),
      interfaces: () => ({}),
      route: () => Promise.resolve(undefined),
    },
  );
  return { ...info, lastDirtyTimestamp: 100, ...given };
}

test('what is not later than ours is ours, whatever it says: the registry will have ours, or has it', async () => {
  const ours = await record({});
  expect(judgeServed(ours, await record({ ipAddr: '10.9.9.9' }))).toBe('ours');
  expect(judgeServed(ours, await record({ lastDirtyTimestamp: undefined, status: 'DOWN' }))).toBe('ours');
});

test('what is later and says the same is ours under a newer version', async () => {
  const ours = await record({});
  expect(judgeServed(ours, await record({ lastDirtyTimestamp: 200 }))).toBe('newer');
  const overridden = { lastDirtyTimestamp: 200, status: 'OUT_OF_SERVICE', overriddenStatus: 'OUT_OF_SERVICE' } as const;
  expect(judgeServed(ours, await record(overridden))).toBe('newer');
  const unused = { lastDirtyTimestamp: 200, securePort: { port: 1, enabled: false } };
  expect(judgeServed(ours, await record(unused))).toBe('newer');
});

test('what is later and says something else is foreign', async () => {
  const ours = await record({});
  const others: readonly Partial<InstanceInfo>[] = [
    { ipAddr: '10.0.0.8' },
    { hostName: 'h' },
    { port: { port: 3001, enabled: true } },
    { port: { port: 3000, enabled: false } },
    { securePort: { port: 1, enabled: true } },
    { status: 'DOWN' },
    { vipAddress: 'other' },
    { metadata: {} },
    { metadata: { k: 'w' } },
    { metadata: { k: 'v', l: 'x' } },
  ];
  for (const other of others) {
    expect(judgeServed(ours, await record({ lastDirtyTimestamp: 200, ...other }))).toBe('foreign');
  }
});
