import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { InstanceInfo } from '../protocol/instance-info.ts';
import { seededRandom } from '../runtime/random.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { FakeEureka, type Trouble } from './fake-eureka.fixture.ts';
import { LeaseKeeper } from './lease-keeper.ts';

const INFO: InstanceInfo = {
  instanceId: 'i1',
  app: 'ORDERS',
  ipAddr: '10.0.0.7',
  hostName: '10.0.0.7',
  port: { port: 3000, enabled: true },
  securePort: { port: 443, enabled: false },
  countryId: 1,
  dataCenterInfo: { name: 'MyOwn' },
  status: 'UP',
  overriddenStatus: 'UNKNOWN',
  leaseInfo: {
    renewalIntervalInSecs: 10,
    durationInSecs: 30,
    registrationTimestamp: 0,
    lastRenewalTimestamp: 0,
    evictionTimestamp: 0,
    serviceUpTimestamp: 0,
  },
  isCoordinatingDiscoveryServer: false,
  metadata: {},
  lastUpdatedTimestamp: 0,
  lastDirtyTimestamp: undefined,
};

const status = fc.constantFrom('UP', 'DOWN', 'STARTING', 'OUT_OF_SERVICE' as const);
const act = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('status' as const), status }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('metadata' as const), value: fc.nat(9) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(15_000) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(30) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('trouble' as const),
      plan: fc.array(fc.constantFrom<Trouble>('none', 'refused', 'lost'), { minLength: 1, maxLength: 6 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom({ do: 'empty' as const }, { do: 'missing' as const }, { do: 'back' as const }),
  },
);

/** Long enough for every backoff, and for the beat by which an emptied registry is noticed. */
const SETTLED_MS = 60_000;

test('whatever is wished, lost and forgotten on the way, the registry ends with what was wished last, by one request at a time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(act, { maxLength: 25 }),
      status,
      fc.integer(),
      fc.boolean(),
      async (acts, first, seed, ends) => {
        const clock = new FakeClock();
        const api = new FakeEureka(clock);
        const options = { api, clock, random: seededRandom(seed), heartbeatMs: 10_000, leaseMs: 30_000 };
        const keeper = new LeaseKeeper({ ...options, info: { ...INFO, status: first }, health: undefined });
        let wished = { status: first, value: undefined as string | undefined };
        for (const step of acts) {
          if (step.do === 'status') {
            wished = { ...wished, status: step.status };
            keeper.wish({ status: step.status }).catch(() => undefined);
          } else if (step.do === 'metadata') {
            wished = { ...wished, value: String(step.value) };
            keeper.wish({ metadata: { value: String(step.value) } }).catch(() => undefined);
          } else if (step.do === 'pass') await clock.advance(step.ms);
          else if (step.do === 'empty') api.records.clear();
          else if (step.do === 'missing') keeper.missing();
          else if (step.do === 'back') clock.jump(-100_000);
          else {
            const plan = [...step.plan];
            api.trouble = () => plan.shift() ?? 'none';
          }
        }
        api.trouble = () => 'none';
        if (ends) {
          const ended = keeper.end();
          await clock.advance(10_000);
          await ended;
          expect(api.records.size).toBe(0);
          const last = api.calls.indexOf('cancel');
          expect(last < 0 || last === api.calls.length - 1).toBe(true);
          expect(clock.timers).toBe(0);
        } else {
          await clock.advance(SETTLED_MS);
          const held = api.records.get('i1')?.info;
          expect([held?.status, held?.metadata['value']]).toEqual([wished.status, wished.value]);
          expect(keeper.state).toBe('registered');
        }
        expect(api.mostUnderway).toBeLessThanOrEqual(1);
      },
    ),
    { numRuns: 300 },
  );
});
