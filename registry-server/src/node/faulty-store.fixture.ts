/** A store between a node and the real one that can be taken away, for tests of outages. */

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
    return this.#reach(() => this.store.attach(known));
  }
  found(founding: Founding): Promise<Standing> {
    return this.#reach(() => this.store.found(founding));
  }
  load(): Promise<Snapshot> {
    return this.#reach(() => this.store.load());
  }
  async *changes(after: Position, signal: AbortSignal): AsyncIterable<readonly Change[]> {
    const cut = this.#cut.signal;
    yield* this.store.changes(after, AbortSignal.any([signal, cut]));
    if (cut.aborted) throw new StoreAway('not done', 'the connection is lost');
  }
  read(keys: readonly InstanceKey[]): Promise<readonly (Stored | undefined)[]> {
    return this.#reach(() => this.store.read(keys));
  }
  commit(proposal: Proposal): Promise<Committed | Conflict> {
    return this.#reach(() => this.store.commit(proposal));
  }
  renew(on: Position, renewals: readonly Renewal[]): Promise<readonly InstanceKey[]> {
    return this.#reach(() => this.store.renew(on, renewals));
  }
  tick(self: NodeReport): Promise<Tick> {
    return this.#reach(() => this.store.tick(self));
  }
  due(sweep: SweepToken, within: number): Promise<readonly Due[]> {
    return this.#reach(() => this.store.due(sweep, within));
  }
  close(): Promise<void> {
    return Promise.resolve();
  }

  async #reach<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#away) throw new StoreAway('not done', 'connection refused');
    return ask();
  }
}
