/**
 * The registry's store in Redis (>= 6.2) or Valkey. Each method is one script, atomic in Redis; what it decides was decided in TypeScript before.
 *
 * Acknowledged means: executed by the master; not fsynced, not replicated. The nodes' replicas make it durable, and joining puts back what a
 * crash or a failover lost.
 */
import { randomUUID } from 'node:crypto';
import type { InstanceKey } from '../instance-key.ts';
import {
  type Change,
  type ChangeBody,
  type Committed,
  type Conflict,
  type Due,
  type Founding,
  type NodeReport,
  type Position,
  type Proposal,
  type RegistryStore,
  type Removal,
  type Renewal,
  registryActor,
  type Snapshot,
  type Standing,
  type Stored,
  SweepOver,
  type SweepToken,
  type Tick,
} from '../registry-store.ts';
import { CHANGES_KEPT, CHANGES_KEPT_MS, DEFAULT_LEASE_MS, PAGE, READS_SCHEMA } from '../store-limits.ts';
import { contentOf, decodeHolds, decodeKnown, decodeRecord, fieldOf, type StreamEntry } from './codec.ts';
import { keyList, type RedisKeys, redisKeys } from './keys.ts';
import { RedisLink, type Reply } from './link.ts';
import { type RedisStoreOptions, type RedisTarget, redisTarget } from './redis-options.ts';
import { readScripts } from './scripts.ts';
import { attachArguments, decodeStanding, decodeTick } from './standing.ts';
import { tail } from './tail.ts';

/** Longest wait for an answer; afterwards the outcome is unknown. */
const COMMAND_MS = 1_000;
/** Longer than the second for which the tail blocks; a longer silence is a lost connection. */
const TAIL_MS = 3_000;

/**
 * Connects at the first `attach`, which rejects with an operator's sentence when Redis cannot be reached within 2 s.
 *
 * @throws {RangeError} naming an option that cannot be
 */
export function redisStore(options: RedisStoreOptions): RegistryStore {
  return new RedisStore(options);
}

class RedisStore implements RegistryStore {
  readonly #options: RedisStoreOptions;
  readonly #target: RedisTarget;
  readonly #keys: RedisKeys;
  readonly #scripts = readScripts();
  readonly #link: RedisLink;
  readonly #tails = new Set<RedisLink>();
  #self: string | undefined;
  /** Store time less our monotonic clock. */
  #ahead = 0;
  #closed = false;

  constructor(options: RedisStoreOptions) {
    this.#options = options;
    this.#target = redisTarget(options);
    this.#keys = redisKeys(options.namespace ?? 'default', options.keyPrefix);
    this.#link = this.#connect(COMMAND_MS);
  }

  async attach(known: Position | undefined): Promise<Standing> {
    await this.#link.ready();
    const reply = await this.#link.runUnattached('attach', attachArguments(known));
    this.#link.attached();
    const standing = decodeStanding(reply);
    if ('time' in standing) this.#heard(standing.time);
    return standing;
  }

  async found(founding: Founding): Promise<Standing> {
    const epoch = randomUUID();
    const token = randomUUID();
    const over = 'over' in founding ? founding.over.epoch : '';
    const { self, version, lease, secret, tombstones } = founding;
    const reply = await this.#link.run('found', [self, epoch, version, token, lease, secret, READS_SCHEMA, over]);
    if (reply[0] !== 'WON') return this.attach(undefined);
    if ('seed' in founding) {
      for await (const page of founding.seed) {
        for (const records of slices(page)) {
          const args = records.flatMap((stored) => [
            stored.key,
            leaseOf(stored),
            Math.round(stored.age),
            token,
            JSON.stringify(stored.record),
          ]);
          if (!(await this.#seed(epoch, records.length, args))) return this.attach(undefined);
        }
      }
    }
    const last = await this.#bury(epoch, token, self, tombstones);
    if (last === undefined) return this.attach(undefined);
    const opened = await this.#link.run('open', [epoch]);
    if (opened[0] !== 'OK') return this.attach(undefined);
    return this.attach({ epoch, version: Number(reply[1]) + tombstones.length, token: last });
  }

  async load(): Promise<Snapshot> {
    const [, epoch, version, token, holds] = await this.#link.run('load', []);
    const position = { epoch: String(epoch), version: Number(version), token: String(token) };
    return {
      position,
      pages: this.#pages(position.epoch),
      recent: await this.#recent(position),
      holds: decodeHolds(holds as string[]),
    };
  }

  async *changes(after: Position, signal: AbortSignal): AsyncGenerator<readonly Change[]> {
    if (signal.aborted) return;
    // A client of its own: in Cluster, a commit behind a blocked read would wait for it.
    const link = this.#connect(TAIL_MS);
    const stop = (): void => link.close();
    signal.addEventListener('abort', stop, { once: true });
    this.#tails.add(link);
    try {
      yield* tail(link, this.#keys, after, signal);
    } finally {
      signal.removeEventListener('abort', stop);
      this.#tails.delete(link);
      link.close();
    }
  }

  async read(keys: readonly InstanceKey[]): Promise<readonly (Stored | undefined)[]> {
    const found: (Stored | undefined)[] = [];
    for (const some of slices(keys)) {
      const [, lease, texts, deadlines] = await this.#link.run('read', some);
      some.forEach((key, index) => {
        const text = (texts as (string | null)[])[index];
        const deadline = (deadlines as unknown[])[index];
        found.push(typeof text === 'string' ? decodeRecord(key, text, deadline, Number(lease)) : undefined);
      });
    }
    return found;
  }

  async commit(proposal: Proposal): Promise<Committed | Conflict> {
    const { on, token, change, lease, by } = proposal;
    const eviction = change.kind === 'remove' && change.why === 'evict' ? '1' : '';
    const reply = await this.#link.run('commit', [
      ...[on.epoch, on.version, on.token, token, change.kind, fieldOf(change), proposal.expected],
      ...[contentOf(change), JSON.stringify(change), JSON.stringify(by)],
      lease === undefined ? '' : Math.round(lease.duration),
      Math.round(lease?.age ?? 0),
      proposal.sweep?.id ?? '',
      eviction,
      this.#now,
    ]);
    if (reply[0] === 'SWEEPOVER') throw new SweepOver('another node sweeps now');
    if (reply[0] === 'OK') {
      const [, version, previous, at] = reply;
      const place = { version: Number(version), token, previous: String(previous), at: Number(at), by };
      return { is: 'committed', change: { ...change, ...place } };
    }
    return { is: 'conflict', current: conflicting(change, reply) };
  }

  async renew(on: Position, renewals: readonly Renewal[]): Promise<readonly InstanceKey[]> {
    const missing: InstanceKey[] = [];
    for (const some of slices(renewals)) {
      const args: (string | number)[] = [on.epoch, on.version, on.token, this.#now];
      for (const { key, duration, age } of some) args.push(key, Math.round(duration - age));
      const reply = await this.#link.run('renew', args);
      missing.push(...(reply[1] as InstanceKey[]));
    }
    return missing;
  }

  async tick(self: NodeReport): Promise<Tick> {
    this.#self = self.id;
    const limits = [CHANGES_KEPT_MS, CHANGES_KEPT];
    const tick = decodeTick(await this.#link.run('tick', [self.id, JSON.stringify(self), randomUUID(), ...limits]));
    this.#heard(tick.time);
    return tick;
  }

  async due(sweep: SweepToken, within: number): Promise<readonly Due[]> {
    const found = new Map<InstanceKey, Due>();
    let lowest = '-inf';
    let skip = 0;
    for (;;) {
      const reply = await this.#link.run('due', [sweep.id, Math.round(within), lowest, skip]);
      if (reply[0] === 'SWEEPOVER') throw new SweepOver('another node sweeps now');
      const pairs = reply[2] as string[];
      const durations = reply[3] as string[];
      for (const [index, text] of durations.entries()) {
        const deadline = pairs[2 * index + 1]!;
        const duration = Number(text);
        const key = pairs[2 * index] as InstanceKey;
        found.set(key, { key, age: Math.max(0, Number(reply[1]) - (Number(deadline) - duration)), duration });
        skip = deadline === lowest ? skip + 1 : 1;
        lowest = deadline;
      }
      if (durations.length < PAGE) return [...found.values()];
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const link of this.#tails) link.close();
    // The report ages out by itself in 10 s, so a store that is away keeps nobody from closing.
    if (this.#self !== undefined) await this.#link.run('leave', [this.#self]).catch(() => undefined);
    this.#link.close();
  }

  /** Store time, as far as it was heard: a little behind, as answers take their time. */
  get #now(): number {
    return Math.floor(this.#ahead + this.#options.clock.monotonic());
  }

  #heard(time: number): void {
    this.#ahead = time - this.#options.clock.monotonic();
  }

  #connect(timeoutMs: number): RedisLink {
    return new RedisLink(this.#target, this.#options.clock, keyList(this.#keys), this.#scripts, timeoutMs);
  }

  async *#pages(epoch: string): AsyncGenerator<readonly Stored[]> {
    let cursor = '0';
    do {
      const reply = await this.#link.run('page', [epoch, cursor]);
      const pairs = reply[3] as string[];
      const deadlines = reply[4] as unknown[];
      cursor = String(reply[1]);
      yield deadlines.map((deadline, index) =>
        decodeRecord(pairs[2 * index] as InstanceKey, pairs[2 * index + 1]!, deadline, Number(reply[2])),
      );
    } while (cursor !== '0');
  }

  async #recent(upTo: Position): Promise<readonly Change[]> {
    const recent: Change[] = [];
    for (let next = '-'; ; ) {
      const entries = (await this.#link.ask((client) =>
        client.xrange(this.#keys.changes, next, `${upTo.version}-0`, 'COUNT', PAGE),
      )) as unknown as StreamEntry[];
      recent.push(...entries.map(decodeKnown).filter((change) => change !== undefined));
      if (entries.length < PAGE) return recent;
      next = `(${entries.at(-1)![0]}`;
    }
  }

  async #seed(epoch: string, records: number, args: readonly (string | number)[]): Promise<boolean> {
    const reply = await this.#link.run('seed', [epoch, records, ...args]);
    return reply[0] === 'OK';
  }

  /** Writes the tombstones as the first changes of the new history. @returns the last one's token; undefined: taken over */
  async #bury(epoch: string, first: string, node: string, tombstones: readonly Removal[]): Promise<string | undefined> {
    const by = JSON.stringify(registryActor(node));
    let previous = first;
    for (const some of slices(tombstones)) {
      const args = some.flatMap((removal) => {
        const token = randomUUID();
        const entry = [token, previous, JSON.stringify(removal), by];
        previous = token;
        return entry;
      });
      if (!(await this.#seed(epoch, 0, args))) return undefined;
    }
    return previous;
  }
}

function conflicting(change: ChangeBody, [, text, deadline, lease]: Reply): Stored | undefined {
  if (!('key' in change) || typeof text !== 'string') return undefined;
  return decodeRecord(change.key, text, deadline, Number(lease));
}

function leaseOf({ record }: Stored): number {
  const seconds = record.info.leaseInfo?.durationInSecs;
  return seconds === undefined ? DEFAULT_LEASE_MS : seconds * 1_000;
}

function* slices<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < all.length; start += PAGE) yield all.slice(start, start + PAGE);
}
