/** A store between a node and the real one that can be taken away, made to refuse writes, or slowed down, for tests of faults. */

import type { InstanceKey } from '../store/instance-key.ts';
import {
  type Change,
  type Committed,
  type Conflict,
  type Due,
  type Founding,
  type NodeReport,
  type Position,
  type Proposal,
  type RegistryStore,
  type Renewal,
  type Snapshot,
  type Standing,
  StoreAway,
  type Stored,
  type SweepToken,
  type Tick,
} from '../store/registry-store.ts';

export class FaultyStore implements RegistryStore {
  /** Swap it for a store with another history. */
  store: RegistryStore;
  /** Writes are refused, as by a full Redis; reads are answered. */
  full = false;
  /** Awaited before a call is passed on, and before its answer is. */
  before: ((method: Method) => unknown) | undefined;
  after: ((method: Method) => unknown) | undefined;
  /** Awaited before the log's next batch is passed on. */
  log: Promise<void> | undefined;
  /** Calls passed on, in order. */
  readonly calls: Method[] = [];
  #away = false;
  #cut = new AbortController();

  constructor(store: RegistryStore) {
    this.store = store;
  }

  /** Every call fails until it is back; a running tail breaks. */
  set away(away: boolean) {
    this.#away = away;
    if (!away) return;
    this.#cut.abort();
    this.#cut = new AbortController();
  }

  attach(known: Position | undefined): Promise<Standing> {
    return this.#reach('attach', () => this.store.attach(known));
  }
  found(founding: Founding): Promise<Standing> {
    return this.#reach('found', () => this.store.found(founding));
  }
  load(): Promise<Snapshot> {
    return this.#reach('load', () => this.store.load());
  }
  async *changes(after: Position, signal: AbortSignal): AsyncIterable<readonly Change[]> {
    const cut = this.#cut.signal;
    for await (const batch of this.store.changes(after, AbortSignal.any([signal, cut]))) {
      await this.log;
      yield batch;
    }
    if (cut.aborted) throw new StoreAway('not done', 'the connection is lost');
  }
  read(keys: readonly InstanceKey[]): Promise<readonly (Stored | undefined)[]> {
    return this.#reach('read', () => this.store.read(keys));
  }
  commit(proposal: Proposal): Promise<Committed | Conflict> {
    return this.#reach('commit', () => this.store.commit(proposal));
  }
  renew(on: Position, renewals: readonly Renewal[]): Promise<readonly InstanceKey[]> {
    return this.#reach('renew', () => this.store.renew(on, renewals));
  }
  tick(self: NodeReport): Promise<Tick> {
    return this.#reach('tick', () => this.store.tick(self));
  }
  due(sweep: SweepToken, within: number): Promise<readonly Due[]> {
    return this.#reach('due', () => this.store.due(sweep, within));
  }
  close(): Promise<void> {
    return Promise.resolve();
  }

  async #reach<T>(method: Method, ask: () => Promise<T>): Promise<T> {
    await this.before?.(method);
    if (this.#away) throw new StoreAway('not done', 'connection refused');
    if (this.full && WRITES.includes(method)) throw new StoreAway('not done', 'OOM command not allowed');
    this.calls.push(method);
    const answer = await ask();
    await this.after?.(method);
    return answer;
  }
}

export type Method = Exclude<keyof RegistryStore, 'changes' | 'close'>;
const WRITES: readonly Method[] = ['found', 'commit', 'renew', 'tick'];
