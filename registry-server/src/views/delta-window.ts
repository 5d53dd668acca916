/**
 * What `apps/delta` shows stock clients: the latest change of each instance that changed in the last minutes. Kept while somebody asks, each change
 * and each that grows too old costing the same however many there are.
 */
import type { AppliedChange, ServedInstance } from '../replica/replica-reader.ts';
import type { InstanceKey } from '../store/instance-key.ts';
import type { ListTitle } from './large-list.ts';
import { LargeLists, type LargeListsOptions } from './large-lists.ts';
import type { Layout } from './layout.ts';
import type { EncodedAnswer, Representation } from './views.ts';

export interface DeltaWindowOptions extends Omit<LargeListsOptions, 'content'> {
  /** Latest changes of instances not older than `since` (store time, epoch ms), oldest first. */
  readonly recent: (since: number) => readonly AppliedChange[];
  /** @param from - version of the oldest change shown; undefined: none is */
  readonly title: (layout: Layout, from: number | undefined) => ListTitle;
}

/** As many as the replica remembers: past that, a client's hash code tells it to fetch everything. */
const MAX_ENTRIES = 10_000;

export class DeltaWindow {
  readonly #recent: DeltaWindowOptions['recent'];
  readonly #lists: LargeLists;
  /** Oldest first; undefined: nobody asks. */
  #latest: Map<InstanceKey, AppliedChange> | undefined;
  /** First of `#latest`; undefined: to be looked up. Each read asks, and a map passes all that were taken out before its first. */
  #first: AppliedChange | undefined;

  constructor({ recent, title, ...options }: DeltaWindowOptions) {
    this.#recent = recent;
    this.#lists = new LargeLists({
      ...options,
      content: {
        all: () => this.#instances(),
        title: (layout) => title(layout, this.#oldest()?.cursor.version),
      },
    });
  }

  changed(change: AppliedChange): void {
    if (this.#latest === undefined) return;
    if (this.#lists.size === 0) {
      this.#nobodyAsks();
      return;
    }
    if (this.#first?.key === change.key) this.#first = undefined;
    // Taken out first: the order of the map is the order of the changes.
    this.#latest.delete(change.key);
    this.#latest.set(change.key, change);
    this.#lists.changed({ key: change.key, app: change.app, id: change.id, after: change.delta });
    if (this.#latest.size > MAX_ENTRIES) this.#forget(this.#oldest()!);
  }

  replaced(): void {
    this.#nobodyAsks();
    this.#lists.replaced();
  }

  /** @param since - store time (epoch ms) of the oldest change to be shown */
  answer(as: Representation, since: number): EncodedAnswer | Promise<EncodedAnswer> {
    if (this.#latest === undefined) {
      this.#latest = new Map(this.#recent(since).map((change) => [change.key, change]));
      this.#lists.replaced();
    }
    for (let oldest = this.#oldest(); oldest !== undefined && oldest.at < since; oldest = this.#oldest()) {
      this.#forget(oldest);
    }
    return this.#lists.answer(as);
  }

  #nobodyAsks(): void {
    this.#latest = undefined;
    this.#first = undefined;
  }

  #forget({ key, app, id }: AppliedChange): void {
    this.#latest!.delete(key);
    this.#first = undefined;
    this.#lists.changed({ key, app, id, after: undefined });
  }

  #oldest(): AppliedChange | undefined {
    this.#first ??= this.#latest?.values().next().value;
    return this.#first;
  }

  *#instances(): Iterable<ServedInstance> {
    for (const { delta } of this.#latest?.values() ?? []) yield delta;
  }
}
