/** What every store must do. Each adapter's test file runs this suite against it. */
import { expect, onTestFinished, test } from 'vitest';
import { type InstanceKey, instanceKey } from './instance-key.ts';
import type { InstanceRecord } from './instance-record.ts';
import {
  type Change,
  type ChangeBody,
  Diverged,
  type Hold,
  type Position,
  type Proposal,
  type RegistryStore,
  StoreAway,
  type Stored,
  SweepOver,
  type Tick,
} from './registry-store.ts';

/** Time, as far as a test must move it; never by waiting. */
export interface StoreControl {
  /** Time passes, and some node ticks all the while; the next tick can get the sweep. */
  passTime(ms: number): Promise<void>;
  /** Time passes, and nobody ticks. */
  standStill(ms: number): Promise<void>;
}

export interface OpenStore {
  readonly store: RegistryStore;
  /** The same registry through another connection; the same object where there are none. */
  readonly other: RegistryStore;
  readonly control: StoreControl;
}

/** Another record for each `port`. */
export function aRecord(id: string, port = 8080): InstanceRecord {
  const info = {
    instanceId: id,
    app: 'ORDERS',
    hostName: 'h',
    ipAddr: '10.0.0.1',
    status: 'UP',
    port: { enabled: true, port },
    leaseInfo: { durationInSecs: 30, renewalIntervalInSecs: 10 },
    metadata: {},
    lastDirtyTimestamp: 5,
  };
  return {
    v: 1,
    info: info as unknown as InstanceRecord['info'],
    acceptedAt: 1,
    registeredAt: 1,
    serviceUpAt: 1,
    updatedAt: 1,
    override: undefined,
    action: 'ADDED',
  };
}

const BY = { principal: 'anonymous', address: '127.0.0.1', node: 'n1' };
const NODE = { id: 'n1', url: 'http://127.0.0.1:1', schema: 1, renewsLastMinute: 3 };
const A = instanceKey('ORDERS', 'a');
const B = instanceKey('ORDERS', 'b');
const DURATION = 30_000;
const HOLD: Hold = { group: 'zone b', since: 1, until: 2, lost: 3, known: 7, at: 4, by: 'n1' };

let tokens = 0;
export function aProposal(on: Position, change: ChangeBody, more: Partial<Proposal> = {}): Proposal {
  return { token: `t${++tokens}-${process.pid}`, on, expected: 0, change, by: BY, ...more };
}

export function aPut(key: InstanceKey, record = aRecord(key)): ChangeBody {
  return { kind: 'put', key, record, why: 'register' };
}

function remove(key: InstanceKey, why: 'cancel' | 'evict' = 'cancel'): ChangeBody {
  return { kind: 'remove', key, last: aRecord(key), why, heard: 1, cancelledAt: why === 'cancel' ? 2 : 0 };
}

export async function* noSeed(): AsyncGenerator<readonly Stored[]> {}

/** Founds an empty store and answers where it is. */
export async function founded(store: RegistryStore): Promise<Position> {
  const standing = await store.attach(undefined);
  expect(standing).toEqual({ kind: 'empty' });
  return positionOf(
    await store.found({ self: 'n1', version: 100, lease: 5_000, secret: 's', tombstones: [], seed: noSeed() }),
  );
}

function positionOf(standing: Awaited<ReturnType<RegistryStore['attach']>>): Position {
  if (standing.kind !== 'follows') throw new Error(`expected to follow, but the store is ${JSON.stringify(standing)}`);
  return standing.position;
}

async function committed(store: RegistryStore, proposal: Proposal): Promise<Change> {
  const answer = await store.commit(proposal);
  if (answer.is !== 'committed') throw new Error(`expected committed, got ${JSON.stringify(answer)}`);
  return answer.change;
}

async function place(store: RegistryStore): Promise<Position> {
  return positionOf(await store.attach(undefined));
}

/** Reads the log up to `count` changes. */
export async function follow(store: RegistryStore, after: Position, count: number): Promise<Change[]> {
  const seen: Change[] = [];
  if (count === 0) return seen;
  const stop = new AbortController();
  for await (const batch of store.changes(after, stop.signal)) {
    seen.push(...batch);
    if (seen.length >= count) stop.abort();
  }
  return seen;
}

async function held(store: RegistryStore): Promise<Map<InstanceKey, Stored>> {
  const all = new Map<InstanceKey, Stored>();
  for await (const page of (await store.load()).pages) for (const one of page) all.set(one.key, one);
  return all;
}

export function registryStoreContract(name: string, open: () => Promise<OpenStore>): void {
  async function begin(): Promise<OpenStore & { on: Position }> {
    const opened = await open();
    onTestFinished(() => opened.store.close());
    const on = await founded(opened.store);
    await opened.other.attach(on);
    return { ...opened, on };
  }

  async function withLease(setup: { store: RegistryStore; on: Position }, key = A): Promise<Change> {
    return committed(setup.store, aProposal(setup.on, aPut(key), { lease: { duration: DURATION, age: 0 } }));
  }

  /** Past the quiet time after a founding, with the sweep in hand. */
  async function sweeping({ store, control }: OpenStore): Promise<Tick & { sweep: { id: string } }> {
    await control.passTime(6_000);
    const tick = await store.tick(NODE);
    if (tick.sweep === undefined) throw new Error('no sweep');
    return { ...tick, sweep: tick.sweep };
  }

  test(`${name}: versions count without gaps, and each entry names its predecessor`, async () => {
    const { store, on } = await begin();
    expect(on.version).toBe(100);
    const first = await committed(store, aProposal(on, aPut(A)));
    const second = await committed(store, aProposal(on, aPut(B)));
    expect([first.version, second.version]).toEqual([101, 102]);
    expect([first.previous, second.previous]).toEqual([on.token, first.token]);
    expect(first.at).toBeGreaterThan(1_000_000_000_000);
  });

  test(`${name}: a position follows only the history it is from`, async () => {
    const { store, on } = await begin();
    const change = await committed(store, aProposal(on, aPut(A)));
    await committed(store, aProposal(on, aPut(B)));
    const ours = { epoch: on.epoch, version: change.version, token: change.token };
    const why = async (position: Position): Promise<string> => {
      const standing = await store.attach(position);
      return standing.kind === 'diverged' ? standing.why : standing.kind;
    };
    expect(await why(on)).toBe('follows');
    expect(await why(ours)).toBe('follows');
    expect(await why({ ...ours, token: 'x' })).toBe('forked');
    expect(await why({ ...ours, version: 102, token: 'x' })).toBe('forked');
    expect(await why({ ...ours, version: 107 })).toBe('older');
    expect(await why({ ...ours, epoch: 'x' })).toBe('epoch');
    expect(await why({ ...ours, version: 7 })).toBe('trimmed');
  });

  test(`${name}: of two founders one wins, and both then follow the same history`, async () => {
    const { store, other } = await open();
    onTestFinished(() => store.close());
    await Promise.all([store.attach(undefined), other.attach(undefined)]);
    const founding = { version: 10, lease: 0, secret: 's', tombstones: [] };
    await Promise.all([
      store.found({ ...founding, self: 'n1', seed: noSeed() }),
      other.found({ ...founding, self: 'n2', seed: noSeed() }),
    ]);
    expect(await place(other)).toEqual(await place(store));
  });

  test(`${name}: a seed is held with its ages, and tombstones are its first changes`, async () => {
    const { store } = await open();
    onTestFinished(() => store.close());
    await store.attach(undefined);
    async function* seed(): AsyncGenerator<readonly Stored[]> {
      yield [{ key: A, revision: 3, token: 'old', record: aRecord('a'), age: 0 }];
      yield [{ key: B, revision: 0, token: '', record: aRecord('b'), age: 4_000 }];
    }
    const gone = remove(instanceKey('ORDERS', 'gone'));
    if (gone.kind !== 'remove') throw new Error();
    const standing = await store.found({
      self: 'n1',
      version: 50,
      lease: 9_000,
      secret: 's',
      tombstones: [gone, gone],
      seed: seed(),
    });
    const { position } = await store.load();
    expect(positionOf(standing)).toEqual(position);
    expect(position.version).toBe(52);
    const all = await held(store);
    expect([...all.keys()].sort()).toEqual([A, B]);
    expect(all.get(A)!.revision).toBe(50);
    expect(all.get(A)!.record).toEqual(aRecord('a'));
    expect(all.get(B)!.age).toBeGreaterThanOrEqual(4_000);
    expect((await store.load()).recent.map(({ kind, version }) => [kind, version])).toEqual([
      ['remove', 51],
      ['remove', 52],
    ]);
  });

  test(`${name}: founding over a history keeps what is there, under numbers never used before`, async () => {
    const { store, on } = await begin();
    const change = await committed(store, aProposal(on, aPut(A)));
    const over = { ...on, version: change.version, token: change.token };
    const founding = { self: 'n1', version: 60, lease: 0, secret: 's', tombstones: [] };
    const next = positionOf(await store.found({ ...founding, over }));
    expect(next.epoch).not.toBe(on.epoch);
    expect(next.version).toBeGreaterThan(change.version);
    expect([...(await held(store)).keys()]).toEqual([A]);
    expect(positionOf(await store.found({ ...founding, over }))).toEqual(next);
    await expect(store.commit(aProposal(on, aPut(B)))).rejects.toBeInstanceOf(Diverged);
  });

  test(`${name}: of two changes made from the same revision, one is told what the other wrote`, async () => {
    const { store, other, on } = await begin();
    const answers = await Promise.all([
      store.commit(aProposal(on, aPut(A, aRecord('a', 1)))),
      other.commit(aProposal(on, aPut(A, aRecord('a', 2)))),
    ]);
    expect(answers.map(({ is }) => is).sort()).toEqual(['committed', 'conflict']);
    const won = answers.find((answer) => answer.is === 'committed')!;
    const lost = answers.find((answer) => answer.is === 'conflict')!;
    if (won.is !== 'committed' || lost.is !== 'conflict' || won.change.kind !== 'put') throw new Error();
    expect(lost.current).toMatchObject({ revision: 101, token: won.change.token });
    expect(lost.current!.record).toEqual(won.change.record);
  });

  test(`${name}: a change that is repeated has one effect and one answer, whatever its kind`, async () => {
    const { store, on } = await begin();
    const put = aProposal(on, aPut(A));
    const first = await store.commit(put);
    expect(await store.commit(put)).toEqual(first);
    const proposals = [
      aProposal(on, remove(A), { expected: 101 }),
      aProposal(on, remove(B)),
      aProposal(on, { kind: 'hold', hold: HOLD }),
      aProposal(on, { kind: 'release', hold: HOLD }),
    ];
    for (const proposal of proposals) {
      const answer = await store.commit(proposal);
      expect(answer.is).toBe('committed');
      expect(await store.commit(proposal)).toEqual(answer);
    }
    const late = await committed(store, aProposal(await place(store), aPut(B)));
    expect(late.version).toBe(106);
    expect(await store.commit(proposals[0]!)).toMatchObject({ is: 'committed', change: { version: 102 } });
  });

  test(`${name}: a change by somebody ahead of the store, or elsewhere, is refused`, async () => {
    const { store, on } = await begin();
    for (const elsewhere of [
      { ...on, version: 101 },
      { ...on, epoch: 'x' },
      { ...on, token: 'x' },
    ]) {
      await expect(store.commit(aProposal(elsewhere, aPut(A)))).rejects.toBeInstanceOf(Diverged);
      await expect(store.renew(elsewhere, [{ key: A, duration: 1, age: 0 }])).rejects.toBeInstanceOf(Diverged);
      await expect(follow(store, elsewhere, 1)).rejects.toBeInstanceOf(Diverged);
    }
    expect((await held(store)).size).toBe(0);
  });

  test(`${name}: changes come in order through any connection, as they were committed`, async () => {
    const { store, other, on } = await begin();
    const reading = follow(other, on, 60);
    const written: Change[] = [];
    for (let id = 0; id < 60; id++)
      written.push(await committed(store, aProposal(on, aPut(instanceKey('A/B', `c/${id}`)))));
    expect(await reading).toEqual(written);
    expect(await follow(other, { epoch: on.epoch, version: 130, token: written[29]!.token }, 30)).toEqual(
      written.slice(30),
    );
  });

  test(`${name}: following ends when it is aborted, also while nothing happens`, async () => {
    const { store, on } = await begin();
    const stop = new AbortController();
    const ended = (async () => {
      for await (const _ of store.changes(on, stop.signal)) throw new Error('nothing was changed');
    })();
    setImmediate(() => stop.abort());
    await ended;
  });

  test(`${name}: a load plus the changes after it is exact, whatever is written meanwhile`, async () => {
    const { store, other, on } = await begin();
    for (let id = 0; id < 1_200; id += 100) {
      await Promise.all(
        Array.from({ length: 100 }, (_, i) => store.commit(aProposal(on, aPut(instanceKey('ORDERS', `${id + i}`))))),
      );
    }
    const writing = (async () => {
      for (let id = 0; id < 200; id++) {
        const key = instanceKey('ORDERS', `${id * 5}`);
        const change = id % 3 === 0 ? remove(key) : aPut(key, aRecord('x', id));
        const [current] = await other.read([key]);
        await committed(other, aProposal(on, change, { expected: current!.revision }));
        await committed(other, aProposal(on, aPut(instanceKey('NEW', `${id}`))));
      }
    })();
    const snapshot = await store.load();
    const replica = new Map<InstanceKey, { revision: number; record: InstanceRecord }>();
    for await (const page of snapshot.pages)
      for (const { key, revision, record } of page) replica.set(key, { revision, record });
    await writing;
    const end = await place(store);
    for (const change of await follow(store, snapshot.position, end.version - snapshot.position.version)) {
      if (!('key' in change) || (replica.get(change.key)?.revision ?? 0) >= change.version) continue;
      if (change.kind === 'remove') replica.delete(change.key);
      else replica.set(change.key, { revision: change.version, record: change.record });
    }
    const truth = new Map([...(await held(store))].map(([key, { revision, record }]) => [key, { revision, record }]));
    expect(replica).toEqual(truth);
  });

  test(`${name}: single records are read in the order asked for`, async () => {
    const setup = await begin();
    await withLease(setup);
    expect(await setup.store.read([B, A])).toEqual([
      undefined,
      expect.objectContaining({ key: A, revision: 101, record: aRecord(A) }),
    ]);
    expect(await setup.store.read([])).toEqual([]);
  });

  test(`${name}: holds are kept by group, seen by a load, and released`, async () => {
    const { store, on } = await begin();
    await committed(store, aProposal(on, { kind: 'hold', hold: HOLD }));
    await committed(store, aProposal(on, { kind: 'hold', hold: { ...HOLD, until: 9 } }));
    expect((await store.load()).holds).toEqual([{ ...HOLD, until: 9 }]);
    await committed(store, aProposal(on, { kind: 'release', hold: HOLD }));
    expect((await store.load()).holds).toEqual([]);
  });

  test(`${name}: a lease starts as old as it is said to be, and a change without lease leaves it`, async () => {
    const setup = await begin();
    const { store, on, control } = setup;
    const lease = { duration: DURATION, age: 4_000 };
    await committed(store, aProposal(on, aPut(A), { lease }));
    await control.passTime(2_000);
    await committed(store, aProposal(on, aPut(A, aRecord('a', 2)), { expected: 101 }));
    const [stored] = await store.read([A]);
    expect(stored!.age).toBeGreaterThanOrEqual(6_000);
    expect(stored!.age).toBeLessThan(9_000);
  });

  test(`${name}: a renewal extends a lease, never shortens it, and tells which leases are unknown`, async () => {
    const setup = await begin();
    const { store, control, on } = setup;
    await withLease(setup);
    await control.passTime(10_000);
    expect(
      await store.renew(on, [
        { key: A, duration: DURATION, age: 25_000 },
        { key: B, duration: DURATION, age: 0 },
      ]),
    ).toEqual([B]);
    expect((await store.read([A]))[0]!.age).toBeLessThan(13_000);
    expect((await store.read([A]))[0]!.age).toBeGreaterThanOrEqual(10_000);
    expect(await store.renew(on, [{ key: A, duration: DURATION, age: 100 }])).toEqual([]);
    expect((await store.read([A]))[0]!.age).toBeLessThan(3_000);
    expect(await store.renew(on, [])).toEqual([]);
  });

  test(`${name}: the lease clock runs while somebody ticks, and a gap counts for three seconds`, async () => {
    const { store, control } = await begin();
    const first = await store.tick(NODE);
    await control.passTime(20_000);
    const second = await store.tick(NODE);
    expect(second.lease - first.lease).toBeGreaterThanOrEqual(20_000);
    expect(second.lease - first.lease).toBeLessThan(22_000);
    await control.standStill(60_000);
    const third = await store.tick(NODE);
    expect(third.lease - second.lease).toBe(3_000);
    expect(third).toMatchObject({ stood: true });
    expect(third.sweep).toBeUndefined();
    await control.passTime(6_000);
    expect(await store.tick(NODE)).toMatchObject({ stood: false, sweep: { id: expect.any(String) } });
  });

  test(`${name}: a tick tells the size, what has expired, the secret and the nodes`, async () => {
    const setup = await begin();
    await withLease(setup);
    await setup.control.passTime(DURATION + 1_000);
    await setup.other.tick({ ...NODE, id: 'n2' });
    const tick = await setup.store.tick(NODE);
    expect(tick).toMatchObject({
      size: 1,
      leases: 1,
      expired: 1,
      secret: 's',
      position: { version: 101, epoch: setup.on.epoch },
    });
    expect(tick.nodes.filter(({ id }) => id.startsWith('n')).sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
      NODE,
      { ...NODE, id: 'n2' },
    ]);
  });

  test(`${name}: no lease counts as older than the history, whichever way that began`, async () => {
    const { store, on, control } = await begin();
    const first = await store.tick(NODE);
    expect(first.opened).toBeGreaterThanOrEqual(5_000);
    expect(first.opened).toBeLessThanOrEqual(first.lease);
    await control.passTime(60_000);
    const later = await store.tick(NODE);
    expect(later.opened).toBe(first.opened);
    await store.found({ self: 'n1', version: 1, lease: later.lease + 900_000, secret: 's', tombstones: [], over: on });
    const anew = await store.tick(NODE);
    expect(anew.opened).toBeGreaterThanOrEqual(later.lease + 900_000);
    expect(anew.opened).toBeLessThanOrEqual(anew.lease);
  });

  test(`${name}: one caller a second gets the sweep, and its token is void after five`, async () => {
    const setup = await begin();
    const { sweep } = await sweeping(setup);
    expect((await setup.other.tick(NODE)).sweep).toBeUndefined();
    expect(await setup.store.due(sweep, 0)).toEqual([]);
    await setup.control.standStill(5_000);
    await expect(setup.store.due(sweep, 0)).rejects.toBeInstanceOf(SweepOver);
    await expect(setup.store.due({ id: 'x' }, 0)).rejects.toBeInstanceOf(SweepOver);
    const hold = aProposal(setup.on, { kind: 'hold', hold: HOLD }, { sweep });
    await expect(setup.store.commit(hold)).rejects.toBeInstanceOf(SweepOver);
  });

  test(`${name}: leases near or past their deadline are due, however many`, async () => {
    const setup = await begin();
    const { store, on } = setup;
    const keys = Array.from({ length: 1_100 }, (_, id) => instanceKey('ORDERS', `${id}`));
    const lease = { duration: DURATION, age: 25_000 };
    await Promise.all(keys.map((key) => store.commit(aProposal(on, aPut(key), { lease }))));
    await withLease(setup);
    const { sweep } = await sweeping(setup);
    expect((await store.due(sweep, 0)).map(({ key }) => key).sort()).toEqual([...keys].sort());
    const [first] = await store.due(sweep, 0);
    expect(first).toMatchObject({ duration: DURATION });
    expect(first!.age).toBeGreaterThanOrEqual(31_000);
    expect(await store.due(sweep, 60_000)).toHaveLength(1_101);
  });

  test(`${name}: an eviction is refused while the lease runs, and makes the lease unknown`, async () => {
    const setup = await begin();
    const { store, on, control } = setup;
    await committed(store, aProposal(on, aPut(A), { lease: { duration: 9_000, age: 0 } }));
    await withLease(setup, B);
    const early = await sweeping(setup);
    const evict = (key: InstanceKey, expected: number, sweep: { id: string }): Proposal =>
      aProposal(on, remove(key, 'evict'), { expected, sweep });
    expect(await store.commit(evict(A, 101, early.sweep))).toMatchObject({
      is: 'conflict',
      current: { key: A, revision: 101 },
    });
    await control.passTime(4_000);
    const late = await store.tick(NODE);
    expect(await store.commit(evict(B, 102, late.sweep!))).toMatchObject({ is: 'conflict', current: { key: B } });
    expect(await store.commit(evict(A, 101, late.sweep!))).toMatchObject({ is: 'committed', change: { why: 'evict' } });
    expect(await store.read([A])).toEqual([undefined]);
    expect(await store.renew(on, [{ key: A, duration: 9_000, age: 0 }])).toEqual([A]);
  });

  test(`${name}: a store that was closed says so`, async () => {
    const { store, on } = await begin();
    await store.close();
    await store.close();
    await expect(store.tick(NODE)).rejects.toBeInstanceOf(StoreAway);
    await expect(store.attach(on)).rejects.toBeInstanceOf(StoreAway);
  });
}
