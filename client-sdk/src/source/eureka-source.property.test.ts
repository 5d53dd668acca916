/** Whatever happens between a source and its servers, the cache has what the server holds once there is quiet. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Instance } from '../api.ts';
import { ServiceCache } from '../cache/service-cache.ts';
import { INSTANCE_STATUSES } from '../protocol/instance-info.ts';
import { seededRandom } from '../runtime/random.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { EurekaSource } from './eureka-source.ts';
import { anInfo, FakeRegistryApi, FakeServer } from './fake-registry.fixture.ts';
import { InstanceConverter } from './instance-of.ts';

const APPS = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J'] as const;
/** Longer than any pause, any doubt, and the time between two full lists of a stock server. */
const QUIET_MS = 1_200_000;

const server = fc.nat(1);
/** The first ones more often, so that they have instances to lose. */
const app = fc.oneof({ weight: 3, arbitrary: fc.nat(1) }, { weight: 1, arbitrary: fc.nat(9) });
const event = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      is: fc.constant('put'),
      server,
      app: app,
      id: fc.nat(5),
      status: fc.nat(4),
      value: fc.nat(3),
    }),
  },
  { weight: 3, arbitrary: fc.record({ is: fc.constant('remove'), server, app: app, id: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('removeApp'), server, app: app }) },
  {
    weight: 6,
    arbitrary: fc.record({
      is: fc.constant('wait'),
      ms: fc.oneof(fc.nat(50), fc.nat(5_000), fc.nat(70_000), fc.nat(400_000)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('down'), server, down: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ is: fc.constant('end'), server, how: fc.constantFrom('bye', 'lost', 'silent') }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('restart'), server, epoch: fc.nat(99), empty: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('renumber'), server, epoch: fc.nat(99) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('forget'), server }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('reset'), server }) },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('hold'), server, holds: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('push'), server, as: fc.constantFrom('delta', 'gap') }) },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('pushAgain'), server }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('alive'), server }) },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('latency'), ms: fc.constantFrom(0, 5, 400, 20_000) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('loses'), share: fc.constantFrom(0, 0.3, 1) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('upgrade'), server, ours: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('include'), app: app }) },
) as fc.Arbitrary<Event>;

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
): Promise<void> {
  const clock = new FakeClock();
  const random = seededRandom(seed);
  const servers = kinds.map((kind, at) => new FakeServer(`http://r${at}/eureka`, kind, clock, `e${at}`));
  const api = new FakeRegistryApi(servers, clock);
  const source = new EurekaSource({ api, clock, random, pollMs: 30_000, push, subscribe });
  const cache = new ServiceCache({ clock });
  // What whoever follows the events believes to be there.
  const followed = new Map<string, readonly Instance[]>();
  cache.onChange(({ service, instances, added, removed, changed }) => {
    const before = followed.get(service) ?? [];
    const gone = new Set([...removed, ...changed].map(({ id }) => id));
    followed.set(service, [...before.filter(({ id }) => !gone.has(id)), ...added, ...changed]);
    expect(sorted(followed.get(service)!)).toEqual(sorted(instances));
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
  await clock.advance(QUIET_MS);
  const present = servers.find(({ url }) => url === api.server)!;
  const converter = new InstanceConverter();
  const right = present.held().filter(({ app }) => wanted?.has(app) ?? true);
  expect(sorted(cache.instances())).toEqual(sorted(right.map((each) => converter.instanceOf(each)!)));
  for (const service of cache.services()) expect(cache.service(service).unconfirmed.size).toBe(0);
  stopping.abort();
  await closed;
  expect(clock.timers).toBe(0);
}

test('the cache equals the registry in the end: changes and deltas lost, doubled or late, reconnects, restarts, other servers', async () => {
  const kind = fc.constantFrom('ours', 'stock');
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(kind, kind) as fc.Arbitrary<['ours' | 'stock', 'ours' | 'stock']>,
      fc.boolean(),
      fc.constantFrom(undefined, ['A', 'B'], APPS.slice(0, 9)),
      fc.nat(),
      fc.array(event, { maxLength: 120, size: 'max' }),
      endsRight,
    ),
    { numRuns: Number(process.env['SOURCE_RUNS'] ?? 150) },
  );
});
