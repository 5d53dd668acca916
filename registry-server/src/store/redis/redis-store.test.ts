import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '@heureka/client-sdk/runtime';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { freePort, type RedisServer, startRedis } from '../../../../test/helpers/redis-server.ts';
import { instanceKey } from '../instance-key.ts';
import { aProposal, aPut, follow, founded, noSeed, registryStoreContract } from '../registry-store.contract.ts';
import { Diverged, type RegistryStore, StoreAway } from '../registry-store.ts';
import { redisKeys } from './keys.ts';
import { redisControl } from './redis-control.contract.ts';
import { redisStore } from './redis-store.ts';

let redis: RedisServer;
let spaces = 0;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());

registryStoreContract('redis', async () => {
  const namespace = `test-${++spaces}`;
  const options = { clock: systemClock, url: redis.url, namespace };
  return {
    store: redisStore(options),
    other: redisStore(options),
    control: redisControl(redis.client(), namespace),
  };
});

const FOUNDING = { version: 10, lease: 0, secret: 's', tombstones: [] };
const KEY = instanceKey('ORDERS', 'a');
const NODE = { id: 'n1', url: '', schema: 1, renewsLastMinute: 0 };

function opened(url: string, namespace = `test-${++spaces}`): RegistryStore {
  const store = redisStore({ clock: systemClock, url, namespace });
  onTestFinished(() => store.close());
  return store;
}

async function ownRedis(): Promise<RedisServer> {
  const own = await startRedis();
  onTestFinished(() => own.stop());
  return own;
}

async function awayAfter(call: Promise<unknown>): Promise<StoreAway> {
  const error = await call.catch((thrown: unknown) => thrown);
  if (!(error instanceof StoreAway)) throw new Error(`expected StoreAway, got ${String(error)}`);
  return error;
}

test('an unreachable Redis is said in a sentence within two seconds, without its password', async () => {
  const port = await freePort();
  const begun = performance.now();
  const error = await awayAfter(opened(`redis://user:geheim@127.0.0.1:${port}`).attach(undefined));
  expect(error.reason).toBe(`Redis at 127.0.0.1:${port} is not reachable: connection refused`);
  expect(performance.now() - begun).toBeLessThan(2_500);
});

test('a wrong password is said, and never shown', async () => {
  const own = await ownRedis();
  await own.client().acl('SETUSER', 'someone', 'on', '>geheim', '~*', '+@all');
  const error = await awayAfter(opened(`redis://someone:falsch@127.0.0.1:${own.port}`).attach(undefined));
  expect(error.reason).toContain('WRONGPASS');
  expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain('falsch');
});

test('a Redis that stops answering leaves the outcome unknown, and a repeat of the change has one effect', async () => {
  const own = await ownRedis();
  const store = opened(own.url);
  const proposal = aProposal(await founded(store), aPut(KEY));
  own.pause();
  const error = await awayAfter(store.commit(proposal));
  own.resume();
  expect(error.outcome).toBe('unknown');
  await store.attach(undefined);
  expect(await store.commit(proposal)).toMatchObject({ is: 'committed', change: { version: 101 } });
  expect((await store.load()).recent).toHaveLength(1);
});

test('what lay in a stopped Redis for longer than its sender waits has no effect when it goes on', async () => {
  const own = await ownRedis();
  const store = opened(own.url);
  const on = await founded(store);
  const other = instanceKey('ORDERS', 'b');
  await store.commit(aProposal(on, aPut(KEY), { lease: { duration: 30_000, age: 20_000 } }));
  own.pause();
  const calls = await Promise.allSettled([
    store.renew(on, [{ key: KEY, duration: 30_000, age: 0 }]),
    store.commit(aProposal(on, aPut(other))),
  ]);
  expect(calls.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await pause(900);
  own.resume();
  await store.attach(undefined);
  const [kept, added] = await store.read([KEY, other]);
  expect(kept!.age).toBeGreaterThanOrEqual(20_000);
  expect(added).toBeUndefined();
});

test('a record whose lease something else deleted says so', async () => {
  const namespace = `test-${++spaces}`;
  const store = opened(redis.url, namespace);
  const on = await founded(store);
  await store.commit(aProposal(on, aPut(KEY)));
  expect((await store.read([KEY]))[0]).not.toHaveProperty('leaseless');
  await redis.client().del(redisKeys(namespace).leases);
  expect((await store.read([KEY]))[0]).toMatchObject({ leaseless: true });
  expect(await store.tick(NODE)).toMatchObject({ size: 1, leases: 0 });
});

test('a kind of change that this program does not know makes it load anew, and is left out of what it loads', async () => {
  const namespace = `test-${++spaces}`;
  const store = opened(redis.url, namespace);
  const on = await founded(store);
  const { changes, head } = redisKeys(namespace);
  await redis.client().hset(head, 'version', '101', 'token', 'newer');
  const entry = ['t', 'newer', 'p', on.token, 'a', '1', 'c', '{"kind":"rename","key":"A/b"}', 'b', '{}'];
  await redis.client().xadd(changes, '101-0', ...entry);
  await expect(follow(store, on, 1)).rejects.toBeInstanceOf(Diverged);
  const { position, recent } = await store.load();
  expect(recent).toEqual([]);
  await store.commit(aProposal(position, aPut(KEY)));
  expect(await follow(store, position, 1)).toMatchObject([{ version: 102, key: KEY }]);
});

test('after a restart nothing is sent before attach, and attach tells that the store is empty', async () => {
  const own = await ownRedis();
  const store = opened(own.url);
  const on = await founded(store);
  await own.restart({ empty: true });
  for (;;) {
    const standing = await store.attach(on).catch(() => undefined);
    if (standing === undefined) continue;
    expect(standing).toEqual({ kind: 'empty' });
    break;
  }
  await expect(store.commit(aProposal(on, aPut(KEY)))).rejects.toBeInstanceOf(Diverged);
  await own.kill();
  expect((await awayAfter(store.tick(NODE))).outcome).toBe('not done');
});

test('a full Redis refuses renewals and removals with the rest, so nobody is evicted', async () => {
  const own = await ownRedis();
  const store = opened(own.url);
  const on = await founded(store);
  await store.commit(aProposal(on, aPut(KEY), { lease: { duration: 1_000, age: 0 } }));
  await own.client().config('SET', 'maxmemory-policy', 'noeviction');
  await own.client().config('SET', 'maxmemory', '1mb');
  const cancel = { kind: 'remove', key: KEY, last: undefined, why: 'cancel', heard: 1, cancelledAt: 1 } as const;
  const refused = [
    () => store.tick(NODE),
    () => store.renew(on, [{ key: KEY, duration: 1_000, age: 0 }]),
    () => store.commit(aProposal(on, cancel, { expected: 101 })),
  ];
  for (const call of refused) {
    const error = await awayAfter(call());
    expect(error.outcome).toBe('not done');
    expect(error.reason).toMatch(/refused: .*OOM/);
  }
  expect(await store.read([KEY])).toHaveLength(1);
});

test('a reader of the log notices within seconds that it was flushed, although nothing wakes it', async () => {
  const own = await ownRedis();
  const store = opened(own.url);
  const on = await founded(store);
  const noticed = expect(follow(store, on, 1)).rejects.toBeInstanceOf(Diverged);
  await own.client().flushall();
  await noticed;
});

test('a reader of the log notices what was trimmed, and what another history wrote', async () => {
  const namespace = `test-${++spaces}`;
  const store = opened(redis.url, namespace);
  const on = await founded(store);
  for (const id of ['a', 'b', 'c']) await store.commit(aProposal(on, aPut(instanceKey('ORDERS', id))));
  const { changes, head } = redisKeys(namespace);
  await redis.client().xtrim(changes, 'MINID', '103-0');
  await expect(follow(store, on, 1)).rejects.toBeInstanceOf(Diverged);
  const { position } = await store.load();
  const noticed = expect(follow(store, position, 1)).rejects.toBeInstanceOf(Diverged);
  await redis.client().hset(head, 'version', '104', 'token', 'theirs');
  await redis
    .client()
    .xadd(changes, '104-0', 't', 'theirs', 'p', 'other', 'a', '1', 'c', '{"kind":"release"}', 'b', '{}');
  await noticed;
});

test('a founding that was given up can be taken over, and the first founder then loses', async () => {
  const namespace = `test-${++spaces}`;
  const [first, second] = [opened(redis.url, namespace), opened(redis.url, namespace)];
  await Promise.all([first.attach(undefined), second.attach(undefined)]);
  let goOn = (): void => {};
  const stalled = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const seeding = new Promise<void>((begun) => {
    async function* seed(): AsyncGenerator<readonly []> {
      begun();
      await stalled;
      yield [];
    }
    void first.found({ ...FOUNDING, self: 'n1', seed: seed() }).then((standing) => {
      lost = standing;
    });
  });
  let lost: unknown;
  await seeding;
  expect(await second.attach(undefined)).toMatchObject({ kind: 'seeding', by: 'n1' });
  await redisControl(redis.client(), namespace).standStill(10_001);
  expect(await second.attach(undefined)).toEqual({ kind: 'empty' });
  const won = await second.found({ ...FOUNDING, self: 'n2', seed: noSeed() });
  goOn();
  while (lost === undefined) await first.attach(undefined);
  expect(lost).toMatchObject({ kind: 'follows', position: won.kind === 'follows' ? won.position : undefined });
});

test('a store whose records need a newer program is left alone', async () => {
  const namespace = `test-${++spaces}`;
  const store = opened(redis.url, namespace);
  await founded(store);
  await redis.client().hset(redisKeys(namespace).head, 'minReader', '2');
  expect(await store.attach(undefined)).toEqual({ kind: 'incompatible', needs: 2 });
});

test('a report that no node of ours wrote is passed over, and the tick goes on', async () => {
  const namespace = `test-${++spaces}`;
  const store = opened(redis.url, namespace);
  await founded(store);
  const nodes = redisKeys(namespace).nodes;
  const now = Date.now();
  for (const [id, text] of Object.entries({ broken: '{"id":', none: 'null', odd: '{"id":1}', empty: '' })) {
    await redis.client().hset(nodes, id, `${now}|${text}`);
  }
  expect((await store.tick(NODE)).nodes).toEqual([NODE]);
});
