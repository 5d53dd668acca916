/** Three nodes on one Redis, as processes, are one registry. */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type RedisServer, startRedis } from '../helpers/redis-server.ts';
import { beat, cancel, listed, readiness, register } from '../helpers/registry-calls.ts';
import { freePort, runServer, type ServerProcess, startServer } from '../helpers/server-process.ts';
import { tcpProxy } from '../helpers/tcp-proxy.ts';
import { until } from '../helpers/until.ts';

const CHANGES = '{heureka:default}:changes';
const HEAD = '{heureka:default}:head';
const RECORDS = '{heureka:default}:records';

let redis: RedisServer;
let nodes: ServerProcess[];

beforeAll(async () => {
  redis = await startRedis();
  nodes = [];
  for (let index = 0; index < 3; index++) nodes.push(await startServer(['--redis', redis.url]));
});
afterAll(async () => {
  for (const node of nodes) await node.stop('SIGKILL');
  await redis?.stop();
});

/** A Redis of its own, and a node that is not waited for. */
async function apart(
  prepare: (redis: RedisServer) => Promise<unknown>,
): Promise<{ own: RedisServer; node: ServerProcess }> {
  const own = await startRedis();
  onTestFinished(() => own.stop());
  const first = await startServer(['--redis', own.url]);
  for (const id of ['i1', 'i2', 'i3']) expect(await register(first.url, id)).toBe(204);
  await first.stop('SIGKILL');
  await prepare(own);
  const port = await freePort();
  const running = runServer(['--redis', own.url, '--port', String(port), '--host', '127.0.0.1']);
  onTestFinished(async () => void (await running.stop('SIGKILL')));
  const origin = `http://127.0.0.1:${port}`;
  return { own, node: { ...running, port, origin, url: `${origin}/eureka` } };
}

/** Removals of an instance that the log tells, by reason. */
async function removals(id: string): Promise<readonly string[]> {
  const entries = await redis.client().xrange(CHANGES, '-', '+');
  return entries
    .map(([, fields]) => JSON.parse(fields[7]!) as { kind: string; key?: string; why?: string })
    .filter(({ kind, key }) => kind === 'remove' && key === `BILLING/${id}`)
    .map(({ why }) => why!);
}

test('a node shows what it acknowledged at once, and the others soon after; any node takes what belongs to it', async () => {
  const [a, b, c] = nodes as [ServerProcess, ServerProcess, ServerProcess];
  const delays: number[] = [];
  for (let round = 0; round < 20; round++) {
    const id = `seen-${round}`;
    expect(await register(a.url, id)).toBe(204);
    const acknowledged = performance.now();
    expect(await listed(a.url)).toContain(id);
    await until(`${id} is seen at another node`, async () => (await listed(b.url)).includes(id));
    delays.push(performance.now() - acknowledged);
    // Another node knows it, or asks the store: it is never "unknown".
    expect(await beat(c.url, id)).toBe(200);
    expect(await cancel(b.url, id)).toBe(200);
    expect(await listed(b.url)).not.toContain(id);
    await until(`${id} is gone everywhere`, async () => !(await listed(a.url)).includes(id));
  }
  // On an idle machine some milliseconds; test/bench measures it, this only finds a poll where a push should be.
  expect(delays.sort((x, y) => x - y)[10]).toBeLessThan(500);
});

test('a silent instance is evicted on time, once, and an instance whose beats go round the nodes is not', async () => {
  const [a] = nodes as [ServerProcess];
  const lease = { beatSeconds: 1, leaseSeconds: 3 };
  expect(await register(a.url, 'rotating', lease)).toBe(204);
  const registered = performance.now();
  expect(await register(a.url, 'silent', lease)).toBe(204);
  let turn = 0;
  let goneAfterMs = 0;
  await until('the silent one is gone', async () => {
    expect(await beat(nodes[turn++ % 3]!.url, 'rotating')).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 200));
    goneAfterMs = performance.now() - registered;
    return !(await listed(a.url)).includes('silent');
  });
  // The lease, half a second for beats on their way, at most one more to the next sweep; the rest is the machine's.
  expect(goneAfterMs).toBeGreaterThanOrEqual(3_000);
  expect(goneAfterMs).toBeLessThan(3_000 + 500 + 1_000 + 2_000);
  for (const { url } of nodes) {
    await until('all nodes agree', async () => !(await listed(url)).includes('silent'));
    expect(await listed(url)).toContain('rotating');
  }
  expect(await removals('silent')).toEqual(['evict']);
  expect(await removals('rotating')).toEqual([]);
});

test('a node that alone has lost the store serves reads with their age, sends writers on, and says who has it', async () => {
  const [peer] = nodes as [ServerProcess];
  const proxy = await tcpProxy(redis);
  onTestFinished(() => proxy.close());
  const node = await startServer(['--redis', `redis://127.0.0.1:${proxy.port}`]);
  onTestFinished(async () => void (await node.stop('SIGKILL')));
  expect(await register(node.url, 'kept')).toBe(204);
  proxy.cut('silent');
  const cut = await until('it knows that it is cut off', async () => {
    const said = await readiness(node.origin);
    return said.status === 503 ? said : undefined;
  });
  expect(cut.reason).toMatch(/^cut off from the store, which http:\/\/127\.0\.0\.1:\d+ still has: Redis at /);
  const answer = await fetch(`${node.url}/apps`);
  expect([answer.status, answer.headers.get('x-heureka-degraded')]).toEqual([
    200,
    expect.stringMatching(/^cut-off; age=\d+$/),
  ]);
  expect(await listed(node.url)).toContain('kept');
  expect(await register(node.url, 'new')).toBe(503);
  expect(await beat(node.url, 'kept')).toBe(503);
  expect(await beat(peer.url, 'kept')).toBe(200);
  expect(await register(peer.url, 'new')).toBe(204);
  proxy.heal();
  // Ready before that, while it joins what it knows: with its list of before, and a header that says so.
  await until('it follows again', async () => (await readiness(node.origin)).reason === 'following the store');
  expect(await listed(node.url)).toEqual(expect.arrayContaining(['kept', 'new']));
});

test('a node serves nothing until it has loaded everything, says why, and then all of it', async () => {
  const { own, node } = await apart((own) =>
    own.client().hset(HEAD, 'state', 'seeding', 'by', 'another', 'until', String(Date.now() + 60_000)),
  );
  await until('it listens', () => readiness(node.origin));
  const waiting = await until('it says what it waits for', async () => {
    const said = await readiness(node.origin);
    return said.reason.includes('another node') ? said : undefined;
  });
  expect(waiting).toEqual({ status: 503, reason: 'the registry is not loaded yet: another node fills the store' });
  await expect(listed(node.url)).rejects.toThrow(/^503/);
  // 404 would make every client register again.
  expect(await beat(node.url, 'i1')).toBe(503);
  expect(await register(node.url, 'i4')).toBe(503);
  await own.client().hset(HEAD, 'state', 'open');
  await until('it is ready', async () => (await readiness(node.origin)).status === 200);
  expect(await listed(node.url)).toEqual(['i1', 'i2', 'i3']);
});

test('a node serves records of a newer program beside its own, and keeps what it does not know of them', async () => {
  const { own, node } = await apart(async (own) => {
    const text = (await own.client().hget(RECORDS, 'BILLING/i1'))!;
    const newer = text.replace('"v":1', '"v":2,"weight":{"share":0.5}');
    await own.client().hset(RECORDS, 'BILLING/i1', newer);
    await own.client().hset(HEAD, 'schema', '2');
  });
  await until('it is ready', async () => (await readiness(node.origin)).status === 200);
  expect(await listed(node.url)).toEqual(['i1', 'i2', 'i3']);
  const override = await fetch(`${node.url}/apps/BILLING/i1/status?value=OUT_OF_SERVICE`, { method: 'PUT' });
  expect(override.status).toBe(200);
  const kept = (await own.client().hget(RECORDS, 'BILLING/i1'))!;
  expect(kept).toContain('"weight":{"share":0.5}');
  expect(kept).toContain('OUT_OF_SERVICE');

  // The newer program makes a kind of change that this one has never heard of.
  const [version, token] = await own.client().hmget(HEAD, 'version', 'token');
  const next = String(Number(version) + 1);
  const entry = ['t', 'newer', 'p', token!, 'a', String(Date.now()), 'c', '{"kind":"weigh"}', 'b', '{}'];
  await own
    .client()
    .multi()
    .hset(HEAD, 'version', next, 'token', 'newer')
    .xadd(CHANGES, `${next}-0`, ...entry)
    .exec();
  expect(await register(node.url, 'i4')).toBe(204);
  expect(await listed(node.url)).toEqual(['i1', 'i2', 'i3', 'i4']);
});

test('a store that needs a newer program is refused in a sentence', async () => {
  const { node } = await apart((own) => own.client().hset(HEAD, 'minReader', '2'));
  const code = await new Promise((resolve) => node.process.once('close', resolve));
  expect(code).toBe(2);
  expect(node.output()).toContain("the store's records need schema 2, this program reads up to 1");
});
