import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import type { RegistrationOptions } from '../api.ts';
import { DiscoveryError } from '../errors.ts';
import { effectiveId } from '../protocol/instance-info.ts';
import { seededRandom } from '../runtime/random.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { FakeEureka } from './fake-eureka.fixture.ts';
import type { Inflight } from './inflight-requests.ts';
import { InstanceRegistration } from './instance-registration.ts';
import { prepareRegistration, type Surroundings } from './prepare-registration.ts';

const ID = '10.0.0.7:orders:3000';
const NOWHERE: Surroundings = {
  environment: {},
  zone: undefined,
  workerId: undefined,
  packageName: () => Promise.resolve(undefined),
  interfaces: () => ({}),
  route: () => Promise.resolve(undefined),
};

interface Scene {
  readonly clock: FakeClock;
  readonly api: FakeEureka;
  readonly registration: InstanceRegistration;
  /** `state` or `state: code` of each event. */
  readonly events: string[];
  readonly warnings: string[];
  /** Status, and what is registered beside it. */
  served(): string | undefined;
}

async function scene(
  given: Partial<RegistrationOptions> = {},
  {
    inflight,
    pushes,
    clock = new FakeClock(),
    api = new FakeEureka(clock),
  }: Partial<{
    inflight: Inflight;
    pushes: () => boolean;
    clock: FakeClock;
    api: FakeEureka;
  }> = {},
): Promise<Scene> {
  const options = { app: 'orders', port: 3000, address: '10.0.0.7', signals: false, ...given } as const;
  const prepared = await prepareRegistration(options, NOWHERE);
  const registration = new InstanceRegistration({
    api,
    clock,
    random: seededRandom(1),
    prepared,
    ...(inflight === undefined ? {} : { inflight }),
    ...(pushes === undefined ? {} : { pushes }),
  });
  const events: string[] = [];
  const warnings: string[] = [];
  registration.onState(({ state, error }) => events.push(error === undefined ? state : `${state}: ${error.code}`));
  registration.onWarning(({ code }) => warnings.push(code));
  const served = (): string | undefined => api.records.get(effectiveId(prepared.info))?.info.status;
  return { clock, api, registration, events, warnings, served };
}

test('it registers, compares the record once, and beats within each heartbeat, a little early', async () => {
  const { clock, api, registration } = await scene();
  await clock.advance(1_000);
  expect(api.calls).toEqual(['register UP', 'compare']);
  expect(registration.state).toBe('registered');
  expect(await registration.first).toBeUndefined();
  await clock.advance(30_000);
  const beats = api.calls.filter((call) => call === 'beat').length;
  expect(beats).toBeGreaterThanOrEqual(3);
  expect(beats).toBeLessThanOrEqual(4);
  await registration.stop().catch(() => undefined);
});

test('a beat that takes longer than a heartbeat is waited for: two never overlap', async () => {
  const { clock, api, registration } = await scene({ heartbeatMs: 1_000 });
  await clock.advance(500);
  api.latencyMs = 2_500;
  await clock.advance(20_000);
  expect(api.mostUnderway).toBe(1);
  expect(registration.state).toBe('registered');
});

test('a beat that the registry does not know registers again at once, with a later version', async () => {
  const { clock, api, events, served } = await scene();
  await clock.advance(1_000);
  const before = api.records.get(ID)?.info.lastDirtyTimestamp ?? 0;
  api.records.clear();
  await clock.advance(10_100);
  expect(api.calls.slice(2)).toEqual(['beat', 'register UP', 'compare']);
  expect(served()).toBe('UP');
  expect(api.records.get(ID)?.info.lastDirtyTimestamp).toBeGreaterThan(before);
  expect(events).toEqual(['registered', 'lost', 'registered']);
});

test('a list that lacks us makes it beat at once, and no more than once a second however often it is said', async () => {
  const { clock, api, registration, served } = await scene();
  await clock.advance(2_000);
  api.records.clear();
  for (let time = 0; time < 5; time++) registration.missing();
  await clock.advance(100);
  expect(served()).toBe('UP');
  for (let time = 0; time < 5; time++) {
    registration.missing();
    await clock.advance(50);
  }
  await clock.advance(1_000);
  expect(api.calls.slice(2)).toEqual(['beat', 'register UP', 'compare', 'beat']);
});

test('without a registry it tries for ever, at most a heartbeat apart, and says so once', async () => {
  const { clock, api, registration, events } = await scene();
  api.trouble = () => 'refused';
  await clock.advance(600_000);
  expect(api.calls.length).toBeGreaterThan(60);
  expect(events).toEqual(['registering: ERR_REGISTRY_UNAVAILABLE']);
  expect((await registration.first)?.code).toBe('ERR_REGISTRY_UNAVAILABLE');
  api.trouble = () => 'none';
  await clock.advance(10_100);
  expect(registration.state).toBe('registered');
});

test('a registry that is away longer than the lease leaves us lost, and registered again when it is back', async () => {
  const { clock, api, registration, events } = await scene();
  await clock.advance(1_000);
  api.trouble = () => 'refused';
  await clock.advance(60_000);
  expect(registration.state).toBe('lost');
  api.trouble = () => 'none';
  await clock.advance(10_100);
  expect(registration.state).toBe('registered');
  expect(events).toEqual([
    'registered',
    'registered: ERR_REGISTRY_UNAVAILABLE',
    'lost: ERR_REGISTRY_UNAVAILABLE',
    'registered',
  ]);
});

test('beats that fail are told once, and so is that they work again', async () => {
  const { clock, api, registration, events } = await scene();
  await clock.advance(1_000);
  api.trouble = () => 'refused';
  await clock.advance(20_000);
  api.trouble = () => 'none';
  await clock.advance(10_000);
  expect(registration.state).toBe('registered');
  expect(events).toEqual(['registered', 'registered: ERR_REGISTRY_UNAVAILABLE', 'registered']);
});

test('a status is told at once, and the promise resolves when the registry has it', async () => {
  const { clock, api, registration, served } = await scene();
  await clock.advance(1_000);
  let done = false;
  void registration.setStatus('DOWN').then(() => {
    done = true;
  });
  await clock.advance(5);
  expect([done, served()]).toEqual([false, 'UP']);
  await clock.advance(6);
  expect([done, served()]).toEqual([true, 'DOWN']);
  expect(registration.instance.status).toBe('DOWN');
  expect(api.calls.slice(2, 3)).toEqual(['register DOWN']);
});

test('OUT_OF_SERVICE goes by an override, and UP by taking it away: a registration could do neither', async () => {
  const { clock, api, registration, served } = await scene();
  await clock.advance(1_000);
  const out = registration.setStatus('OUT_OF_SERVICE');
  await clock.advance(100);
  await out;
  expect(served()).toBe('OUT_OF_SERVICE');
  const back = registration.setStatus('UP');
  await clock.advance(100);
  await back;
  expect(served()).toBe('UP');
  expect(api.records.get(ID)?.override).toBeUndefined();
  expect(api.calls.slice(2)).toEqual(['override OUT_OF_SERVICE', 'clear', 'register UP', 'compare']);
});

test('who starts out of service is at no moment listed as UP, also when the registry forgets us', async () => {
  const { clock, api, registration, served } = await scene({ status: 'OUT_OF_SERVICE' });
  await clock.advance(1_000);
  expect(api.calls).toEqual(['register STARTING', 'override OUT_OF_SERVICE', 'compare']);
  api.records.clear();
  registration.missing();
  await clock.advance(1_000);
  expect(served()).toBe('OUT_OF_SERVICE');
  expect(api.calls.filter((call) => call === 'register UP')).toEqual([]);
});

test('metadata is patched: entries set, others kept, undefined removed; hostile keys are entries like others', async () => {
  const { clock, api, registration } = await scene({ metadata: { kept: '1', gone: '2' }, zone: 'a' });
  await clock.advance(1_000);
  const patch = JSON.parse('{"__proto__":"x","new":"3"}') as Record<string, string>;
  void registration.setMetadata({ ...patch, gone: undefined });
  await clock.advance(100);
  void registration.setMetadata(patch);
  await clock.advance(100);
  const metadata = api.records.get(ID)?.info.metadata ?? {};
  expect(Object.entries(metadata).sort()).toEqual([
    ['__proto__', 'x'],
    ['kept', '1'],
    ['new', '3'],
    ['zone', 'a'],
  ]);
  expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  await expect(registration.setMetadata({ bad: 1 as unknown as string })).rejects.toThrow('metadata.bad must be');
});

test('a change whose answer was lost is said again, even when the wish returned to what it was', async () => {
  const { clock, api, registration, served } = await scene();
  await clock.advance(1_000);
  api.trouble = (call) => (call === 'register DOWN' ? 'lost' : 'none');
  void registration.setStatus('DOWN').catch(() => undefined);
  await clock.advance(15);
  expect(served()).toBe('DOWN');
  const up = registration.setStatus('UP');
  await clock.advance(100);
  await up;
  expect(served()).toBe('UP');
});

test('health is asked before the first registration and with each beat; what it throws counts as DOWN, with a warning', async () => {
  let health: () => boolean = () => true;
  const { clock, api, served, warnings } = await scene({ health: () => health() });
  await clock.advance(1_000);
  expect(api.calls[0]).toBe('register UP');
  health = () => false;
  await clock.advance(10_000);
  expect(served()).toBe('DOWN');
  health = () => {
    throw new Error('no database');
  };
  await clock.advance(10_000);
  expect([served(), warnings]).toEqual(['DOWN', ['HEALTH_CHECK_FAILED']]);
  health = () => true;
  await clock.advance(10_100);
  expect(served()).toBe('UP');
});

test('a health function that does not answer delays no beat, is not asked again meanwhile, and counts as DOWN after a lease', async () => {
  let asked = 0;
  const health = (): Promise<boolean> => {
    asked++;
    return asked === 1 ? Promise.resolve(true) : new Promise(() => undefined);
  };
  const { clock, api, served } = await scene({ health });
  await clock.advance(25_000);
  expect([asked, served()]).toEqual([2, 'UP']);
  expect(api.calls.filter((call) => call === 'beat').length).toBeGreaterThanOrEqual(2);
  await clock.advance(20_000);
  expect([asked, served()]).toEqual([2, 'DOWN']);
});

test('a status that was set by hand beats a healthy verdict; UNKNOWN is refused', async () => {
  const { clock, registration, served } = await scene({ health: () => true });
  await clock.advance(1_000);
  void registration.setStatus('DOWN');
  await clock.advance(30_000);
  expect(served()).toBe('DOWN');
  await expect(registration.setStatus('UNKNOWN')).rejects.toMatchObject({ code: 'ERR_OPTIONS' });
});

test('the versions of registrations never go backwards, wherever the clock goes', async () => {
  const { clock, api, registration, warnings } = await scene();
  await clock.advance(1_000);
  const version = (): number => api.records.get(ID)?.info.lastDirtyTimestamp ?? 0;
  const before = version();
  clock.jump(-3_600_000);
  const down = registration.setStatus('DOWN');
  await clock.advance(100);
  await down;
  expect(version()).toBeGreaterThan(before);
  expect(warnings).toEqual(['CLOCK_SET_BACK']);
});

test('our own record of before a restart, with the clock set back since, is outdone: one dispute, then right', async () => {
  const first = await scene();
  await first.clock.advance(1_000);
  void first.registration.setMetadata({ run: '1' });
  await first.clock.advance(100);
  await first.registration.stop();
  first.clock.jump(-3_600_000);
  const second = await scene({ metadata: { run: '2' } }, { clock: first.clock, api: first.api });
  await first.clock.advance(1_000);
  expect(first.api.records.get(ID)?.info.metadata['run']).toBe('2');
  expect(second.warnings).toEqual(['INSTANCE_ID_DISPUTED']);
  expect(second.registration.state).toBe('registered');
});

test('of two processes with one id one stands in the end, the other says why it does not, and takes over when that is gone', async () => {
  const clock = new FakeClock();
  const api = new FakeEureka(clock);
  const instanceId = 'same';
  const one = await scene({ instanceId, port: 3001 }, { clock, api });
  await clock.advance(1_000);
  const other = await scene({ instanceId, port: 3002 }, { clock, api });
  await clock.advance(300_000);
  const states = [one.registration.state, other.registration.state].sort();
  expect(states).toEqual(['lost', 'registered']);
  const [loser, winner] = one.registration.state === 'lost' ? [one, other] : [other, one];
  expect(loser.events.at(-1)).toBe('lost: ERR_INSTANCE_ID_TAKEN');
  await expect(loser.registration.setStatus('DOWN')).rejects.toMatchObject({ code: 'ERR_INSTANCE_ID_TAKEN' });
  const port = (): number | undefined => api.records.get(instanceId)?.info.port.port;
  expect(port()).toBe(winner.registration.instance.port);
  const sent = api.calls.length;
  await clock.advance(60_000);
  expect(api.calls.slice(sent).filter((call) => call.startsWith('register'))).toEqual([]);

  const gone = winner.registration.cancel();
  await clock.advance(15_000);
  await gone;
  expect(port()).toBe(loser.registration.instance.port);
  expect(loser.registration.state).toBe('registered');
});

test('who leaves while a successor has taken the id leaves the record to it', async () => {
  const clock = new FakeClock();
  const api = new FakeEureka(clock);
  const old = await scene({ instanceId: 'same', port: 3001 }, { clock, api });
  await clock.advance(1_000);
  const drained = old.registration.drain();
  await clock.advance(100);
  const successor = await scene({ instanceId: 'same', port: 3002 }, { clock, api });
  await clock.advance(1_000);
  void successor;
  await clock.advance(10_000);
  await drained;
  await clock.advance(10_000);
  expect(api.records.get('same')?.info.port.port).toBe(3002);
});

test('an override by somebody else is not fought, and is said once', async () => {
  const { clock, api, served, warnings } = await scene();
  await clock.advance(1_000);
  await Promise.all([api.override('ORDERS', ID, 'OUT_OF_SERVICE'), clock.advance(20)]);
  await clock.advance(200_000);
  expect([served(), warnings]).toEqual(['OUT_OF_SERVICE', ['STATUS_OVERRIDDEN']]);
});

test('after a stall or a sleep longer than the lease it beats at once and warns', async () => {
  const { clock, api, warnings } = await scene();
  await clock.advance(1_500);
  const before = api.calls.length;
  clock.jump(40_000);
  await clock.advance(1_100);
  expect(api.calls.slice(before)).toEqual(['beat']);
  expect(warnings).toEqual(['MACHINE_SLEPT']);
});

test('cancel while a registration is on its way waits for it, and then takes the record out', async () => {
  const { clock, api, registration, served } = await scene();
  api.latencyMs = 1_500;
  await clock.advance(100);
  const cancelled = registration.cancel();
  await clock.advance(1_450);
  expect(served()).toBe('UP');
  await clock.advance(2_000);
  await cancelled;
  expect([served(), api.calls, registration.state]).toEqual([undefined, ['register UP', 'cancel'], 'cancelled']);
});

test('a registration that hangs is aborted two seconds after the end was wished, and the record taken out all the same', async () => {
  const { clock, api, registration } = await scene();
  api.trouble = (call) => (call === 'cancel' ? 'none' : 'hang');
  await clock.advance(100);
  const cancelled = registration.cancel();
  await clock.advance(1_950);
  expect(api.calls).toEqual(['register UP']);
  await clock.advance(200);
  await cancelled;
  expect(api.calls).toEqual(['register UP', 'cancel']);
});

test('the end never rejects and never hangs: without a registry it warns, and the lease runs out', async () => {
  const { clock, api, registration, warnings } = await scene();
  await clock.advance(1_000);
  api.trouble = () => 'hang';
  const cancelled = registration.cancel();
  await clock.advance(5_100);
  await cancelled;
  expect([registration.state, warnings]).toEqual(['cancelled', ['CANCEL_FAILED']]);
  await clock.advance(100_000);
  expect(api.calls.slice(2)).toEqual(['cancel']);
  expect(clock.timers).toBe(0);
  const late = await registration.setStatus('UP').catch((error: unknown) => DiscoveryError.in(error)?.code);
  expect(late).toBe('ERR_CLOSED');
});

test('who was never registered has nothing to take out', async () => {
  const { clock, api, registration } = await scene();
  const cancelled = registration.cancel();
  await clock.advance(100);
  await cancelled;
  expect(api.calls).toEqual([]);
});

test('a drain says DOWN, waits a second where callers are pushed to and five where they poll, then cancels', async () => {
  for (const [pushes, ms] of [
    [true, 1_000],
    [false, 5_000],
  ] as const) {
    const { clock, api, registration, events, served } = await scene({}, { pushes: () => pushes });
    await clock.advance(1_000);
    const drained = registration.drain();
    expect(registration.drain()).toBe(drained);
    await clock.advance(ms - 100);
    expect([served(), registration.state]).toEqual(['DOWN', 'draining']);
    await clock.advance(200);
    await drained;
    expect(served()).toBeUndefined();
    expect(events).toEqual(['registered', 'draining', 'draining', 'cancelled']);
    expect(api.calls.slice(2)).toEqual(['register DOWN', 'compare', 'cancel']);
    expect(clock.timers).toBe(0);
  }
});

test('a drain waits for requests on their way, no longer than it may; cancel ends its waits', async () => {
  const busy: Inflight & { steps: string[] } = {
    steps: [],
    closing: () => void busy.steps.push('closing'),
    idle: () => new Promise(() => undefined),
    dispose: () => void busy.steps.push('disposed'),
  };
  const { clock, registration } = await scene(
    { drain: { propagationMs: 1_000, inflightMs: 4_000 } },
    { inflight: busy },
  );
  await clock.advance(1_000);
  const drained = registration.drain();
  await clock.advance(900);
  expect(busy.steps).toEqual([]);
  await clock.advance(3_900);
  expect([busy.steps, registration.state]).toEqual([['closing'], 'draining']);
  await clock.advance(500);
  await drained;
  expect([busy.steps, registration.state]).toEqual([['closing', 'disposed'], 'cancelled']);

  const hasty = await scene({}, { inflight: busy });
  await hasty.clock.advance(1_000);
  const slow = hasty.registration.drain();
  await hasty.clock.advance(100);
  const cancelled = hasty.registration.cancel();
  await hasty.clock.advance(100);
  await Promise.all([slow, cancelled]);
  expect(hasty.registration.state).toBe('cancelled');
});

test('a drain does not wait for callers to hear what no registry took, and beats go on while it lasts', async () => {
  const without = await scene();
  without.api.trouble = () => 'hang';
  await without.clock.advance(1_000);
  const drained = without.registration.drain();
  await without.clock.advance(9_200);
  await drained;
  expect(without.registration.state).toBe('cancelled');

  const { clock, api, registration } = await scene({ drain: { propagationMs: 65_000 } });
  await clock.advance(1_000);
  void registration.drain();
  await clock.advance(60_000);
  expect(api.calls.filter((call) => call === 'beat').length).toBeGreaterThanOrEqual(5);
});

test('its signal listeners come with it and go with it, and a signal drains', async () => {
  const clock = new FakeClock();
  const killed: string[] = [];
  const process = Object.assign(new EventEmitter(), {
    pid: 1,
    kill: (_: number, signal: string): void => void killed.push(signal),
  });
  const options = { app: 'a', port: 1, address: '10.0.0.7', signals: ['SIGTERM', 'SIGUSR2'] } as const;
  const start = async (): Promise<InstanceRegistration> => {
    const prepared = await prepareRegistration(options, NOWHERE);
    return new InstanceRegistration({ api: new FakeEureka(clock), clock, random: seededRandom(1), prepared, process });
  };
  const listeners = (): number => process.listenerCount('SIGTERM') + process.listenerCount('SIGUSR2');
  const first = await start();
  await clock.advance(1_000);
  expect(listeners()).toBe(2);
  const cancelled = first.cancel();
  await clock.advance(100);
  await cancelled;
  expect(listeners()).toBe(0);

  const second = await start();
  await clock.advance(1_000);
  process.emit('SIGUSR2');
  await clock.advance(1_000);
  expect([second.state, killed]).toEqual(['draining', []]);
  await clock.advance(5_000);
  expect([second.state, killed, listeners()]).toEqual(['cancelled', ['SIGUSR2'], 0]);
});

test('the chosen address is told once, to whoever listens from the start', async () => {
  const clock = new FakeClock();
  const prepared = await prepareRegistration(
    { app: 'a', port: 1 },
    { ...NOWHERE, environment: { POD_IP: '10.1.2.3' } },
  );
  const registration = new InstanceRegistration({
    api: new FakeEureka(clock),
    clock,
    random: seededRandom(1),
    prepared,
  });
  const told: string[] = [];
  registration.onWarning(({ code, message }) => told.push(`${code}: ${message}`));
  await clock.advance(60_000);
  expect(told).toEqual(['ADDRESS_CHOSEN: 10.1.2.3: from the variable POD_IP']);
});
