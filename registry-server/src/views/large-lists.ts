/** One large list in every layout that is asked for. What nobody has asked for in a minute is let go, and of plain ones two are held at most. */
import type { Clock, Timer } from '@heureka/client-sdk/runtime';
import type { BuildTurns } from './build-turns.ts';
import type { InstanceTexts } from './instance-texts.ts';
import { LargeList, type ListContent } from './large-list.ts';
import { type LayoutName, layoutOf } from './layout.ts';
import type { Difference } from './segmented-list.ts';
import type { EncodedAnswer, Representation } from './views.ts';

export interface LargeListsOptions {
  readonly content: ListContent;
  readonly texts: InstanceTexts;
  /** Shared by all that is made in turns. */
  readonly turns: BuildTurns;
  readonly clock: Clock;
}

/** A form that was not asked for in so long is let go, in ms. */
export const KEEP_MS = 60_000;
const CHECK_MS = 10_000;
/** Text is 20 times as large as what it is compressed to: 12 MB for 10,000 instances. */
export const MAX_PLAIN = 2;

export class LargeLists {
  readonly #options: LargeListsOptions;
  readonly #lists = new Map<LayoutName, LargeList>();
  #checking: Timer | undefined;

  constructor(options: LargeListsOptions) {
    this.#options = options;
  }

  /** Layouts that are held; 0: nobody asks. */
  get size(): number {
    return this.#lists.size;
  }

  changed(difference: Difference): void {
    for (const list of this.#lists.values()) list.changed(difference);
  }

  replaced(): void {
    for (const list of this.#lists.values()) list.replaced();
  }

  answer(as: Representation): EncodedAnswer | Promise<EncodedAnswer> {
    const layout = layoutOf(as);
    let list = this.#lists.get(layout.name);
    if (list === undefined) {
      list = new LargeList({ ...this.#options, layout, built: () => this.#limitPlain() });
      this.#lists.set(layout.name, list);
      this.#checking ??= this.#check();
    }
    return list.answer(as.encoding);
  }

  #limitPlain(): void {
    const plain = [...this.#lists.values()].filter((list) => list.askedAt('identity') !== undefined);
    if (plain.length <= MAX_PLAIN) return;
    plain.sort((a, b) => b.askedAt('identity')! - a.askedAt('identity')!);
    for (const list of plain.slice(MAX_PLAIN)) list.drop('identity');
  }

  #check(): Timer {
    return this.#options.clock.after(CHECK_MS, () => {
      const before = this.#options.clock.monotonic() - KEEP_MS;
      for (const [name, list] of this.#lists) {
        for (const encoding of ['identity', 'gzip'] as const) {
          const askedAt = list.askedAt(encoding);
          if (askedAt !== undefined && askedAt <= before) list.drop(encoding);
        }
        if (list.askedAt('identity') !== undefined || list.askedAt('gzip') !== undefined) continue;
        this.#lists.delete(name);
        this.#options.texts.drop(name);
      }
      this.#checking = this.#lists.size > 0 ? this.#check() : undefined;
    });
  }
}
