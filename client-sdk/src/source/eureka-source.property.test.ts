/** Whatever happens between a source and its servers, the cache has what the server holds once there is quiet. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Instance } from '../api.ts';
import { ServiceCache } from '../cache/service-cache.ts';
import { INSTANCE_STATUSES } from '../protocol/instance-info.ts';
import { InstanceConverter } from '../registry-api/instance-of.ts';
import { seededRandom } from '../runtime/random.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { EurekaSource } from './eureka-source.ts';
import { anInfo, FakeRegistryApi, FakeServer } from './fake-registry.fixture.ts';

const APPS = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J'] as const;
/** Longer than any pause and any doubt. */
const QUIET_MS = 300_000;
/** Longer than the time between two full lists of a stock server too: nothing else repairs what its hash does not show. */
const LONG_QUIET_MS = 1_200_000;

const server = fc.nat(1);
/** The first ones more often, so that they have instances to lose. */
const app = fc.oneof({ weight: 3, arbitrary: fc.nat(1) }, { weight: 1, arbitrary: fc.nat(9) });
type Weighted = { weight: number; arbitrary: fc.Arbitrary<unknown> };
const some = (weight: number, is: Event['is'], fields: Record<string, fc.Arbitrary<unknown>>): Weighted => ({
  weight,
  arbitrary: fc.record({ is: fc.constant(is), ...fields }),
});
const ms = fc.oneof(fc.nat(50), fc.nat(5_000), fc.nat(70_000), fc.nat(400_000));
/** Changes, and answers and pushes that are late, lost, doubled or too large. */
const CALM: Weighted[] = [
  some(12, 'put', { server, app, id: fc.nat(5), status: fc.nat(4), value: fc.nat(3) }),
  some(5, 'remove', { server, app, id: fc.nat(5) }),
  some(1, 'removeApp', { server, app }),
  some(6, 'wait', { ms }),
  some(2, 'hold', { server, holds: fc.boolean() }),
  some(2, 'push', { server, as: fc.constantFrom('delta', 'gap') }),
  some(2, 'pushAgain', { server }),
  some(1, 'alive', { server }),
  some(2, 'latency', { ms: fc.constantFrom(0, 5, 400, 20_000) }),
  some(1, 'loses', { share: fc.constantFrom(0, 0.3, 1) }),
];
/** Whatever makes a list worthless besides. */
const WILD: Weighted[] = [
  some(2, 'down', { server, down: fc.boolean() }),
  some(2, 'end', { server, how: fc.constantFrom('bye', 'lost', 'silent') }),
  some(1, 'restart', { server, epoch: fc.nat(99), empty: fc.boolean() }),
  some(1, 'renumber', { server, epoch: fc.nat(99) }),
  some(1, 'forget', { server }),
  some(1, 'reset', { server }),
  some(1, 'upgrade', { server, ours: fc.boolean() }),
  some(1, 'include', { app }),
];
const eventsOf = (weighted: readonly Weighted[]): fc.Arbitrary<Event[]> =>
  fc.array(fc.oneof(...weighted) as fc.Arbitrary<Event>, { maxLength: 120, size: 'max' });

type Event =
  | { is: 'put'; server: number; app: number; id: number; status: number; value: number }
  | { is: 'remove'; server: number; app: number; id: number }
  | { is: 'removeApp'; server: number; app: number }
  | { is: 'wait'; ms: number }
  | { is: 'down'; server: number; down: boolean }
  | { is: 'end'; server: number; how: 'bye' | 'lost' | 'silent' }
  | { is: 'restart'; server: number; epoch: number; empty: boolean }
  | { is: 'renumber'; server: number; epoch: number }
  | { is: 'forget' | 'reset' | 'pushAgain' | 'alive'; server: number }
  | { is: 'hold'; server: number; holds: boolean }
  | { is: 'push'; server: number; as: 'delta' | 'gap' }
  | { is: 'latency'; ms: number }
  | { is: 'loses'; share: number }
  | { is: 'upgrade'; server: number; ours: boolean }
  | { is: 'include'; app: number };

interface World {
  readonly clock: FakeClock;
  readonly servers: readonly FakeServer[];
  readonly api: FakeRegistryApi;
  readonly source: EurekaSource;
  readonly random: () => number;
  readonly wanted: Set<string> | undefined;
}

async function happen(event: Event, { clock, servers, api, source, random, wanted }: World): Promise<void> {
  const at = 'server' in event ? servers[event.server]! : servers[0]!;
  switch (event.is) {
    case 'put':
      at.put(info(event.app, event.id, event.status, event.value));
      break;
    case 'remove':
      at.remove(info(event.app, event.id, 0, 0));
      break;
    case 'removeApp':
      at.remove(...at.held().filter(({ app }) => app === APPS[event.app]));
      break;
    case 'wait':
      await clock.advance(event.ms);
      break;
    case 'down':
      at.down = event.down;
      if (event.down) at.endStreams('lost');
      break;
    case 'end':
      at.endStreams(event.how);
      break;
    case 'restart':
      if (event.empty) at.restartEmpty(`again${event.epoch}`);
      else at.restart(`again${event.epoch}`);
      break;
    case 'renumber':
      at.renumber(`other${event.epoch}`);
      break;
    case 'forget':
      at.forgotten = Number(at.cursor.split('.')[1]);
      break;
    case 'reset':
      at.say({ is: 'reset', cursor: at.cursor });
      break;
    case 'hold':
      at.holdsPushes = event.holds;
      if (!event.holds) at.push();
      break;
    case 'push':
      at.push(event.as);
      break;
    case 'pushAgain':
      at.pushAgain();
      break;
    case 'alive':
      at.alive();
      break;
    case 'latency':
      api.latencyMs = () => random() * event.ms;
      break;
    case 'loses':
      api.loses = () => random() < event.share;
      break;
    case 'upgrade':
      at.capabilities = { since: event.ours, stream: event.ours };
      if (!event.ours) at.endStreams('lost');
      break;
    case 'include':
      source.include(APPS[event.app]!);
      wanted?.add(APPS[event.app]!);
      break;
  }
}

function info(app: number, id: number, status: number, value: number) {
  return anInfo({
    app: APPS[app]!,
    instanceId: `i${id}`,
    // Some move to another address.
    ipAddr: `10.${app}.${id}.${value % 2}`,
    status: INSTANCE_STATUSES[status]!,
    metadata: { value: String(value) },
  });
}

function sorted(instances: readonly Instance[]): Instance[] {
  return [...instances].sort((a, b) => (a.app + a.id < b.app + b.id ? -1 : 1));
}

async function endsRight(
  kinds: readonly ('ours' | 'stock')[],
  push: boolean,
  subscribe: readonly string[] | undefined,
  seed: number,
  events: readonly Event[],
  quietMs: number,
): Promise<void> {
  const clock = new FakeClock();
  const random = seededRandom(seed);
  const servers = kinds.map((kind, at) => new FakeServer(`http://r${at}/eureka`, kind, clock, `e${at}`));
  const api = new FakeRegistryApi(servers, clock);
  const source = new EurekaSource({ api, clock, random, pollMs: 30_000, push, subscribe });
  const cache = new ServiceCache({ clock });
  // What whoever follows the events believes to be there.
  const followed = new Map<string, readonly Instance[]>();
  const astray = new Set<string>();
  cache.onChange(({ service, instances, added, removed, changed }) => {
    const before = followed.get(service) ?? [];
    const gone = new Set([...removed, ...changed].map(({ id }) => id));
    followed.set(service, [...before.filter(({ id }) => !gone.has(id)), ...added, ...changed]);
    // Not expected here: the source would take what is thrown for a failure of its own, and try again.
    if (!isDeepStrictEqual(sorted(followed.get(service)!), sorted(instances))) astray.add(service);
  });
  const wanted = subscribe === undefined ? undefined : new Set(subscribe);
  for (const each of servers) for (let n = 0; n < 12; n++) each.put(info(n % 3, n >> 1, 0, 0));
  const stopping = new AbortController();
  const closed = source.open(cache, stopping.signal);
  for (const event of events) await happen(event, { clock, servers, api, source, random, wanted });

  api.latencyMs = () => 0;
  api.loses = () => false;
  for (const each of servers) {
    each.down = false;
    each.holdsPushes = false;
    each.push();
  }
  await clock.advance(quietMs);
  const present = servers.find(({ url }) => url === api.server)!;
  const converter = new InstanceConverter();
  const right = present.held().filter(({ app }) => wanted?.has(app) ?? true);
  expect(sorted(cache.instances())).toEqual(sorted(right.map((each) => converter.instanceOf(each)!)));
  expect(astray).toEqual(new Set());
  for (const service of cache.services()) expect(cache.service(service).unconfirmed.size).toBe(0);
  stopping.abort();
  await closed;
  expect(clock.timers).toBe(0);
}

const kind = fc.constantFrom('ours' as const, 'stock' as const);
const subscribe = fc.constantFrom(undefined, ['A', 'B'], APPS.slice(0, 9));
const numRuns = Number(process.env['SOURCE_RUNS'] ?? 150);

test('the cache equals the registry in the end: answers and pushes lost, doubled, late or left out', async () => {
  await fc.assert(
    fc.asyncProperty(kind, fc.boolean(), subscribe, fc.nat(), eventsOf(CALM), (kind, push, subscribe, seed, events) =>
      endsRight([kind, kind], push, subscribe, seed, events, QUIET_MS),
    ),
    { numRuns },
  );
});

test('the cache equals the registry in the end: reconnects, restarts, other servers of either kind', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(kind, kind),
      fc.boolean(),
      subscribe,
      fc.nat(),
      eventsOf([...CALM, ...WILD]),
      (kinds, push, subscribe, seed, events) => endsRight(kinds, push, subscribe, seed, events, LONG_QUIET_MS),
    ),
    { numRuns },
  );
});
