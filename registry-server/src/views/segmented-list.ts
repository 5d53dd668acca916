/**
 * A large list as bytes, kept up with the content: segments in pages, each made anew only where something changed. What a change costs does not
 * depend on how long the list is. `page-rewriting.ts` makes the new pages; here they are kept, and handed out.
 */
import type { ServedInstance } from '../replica/replica-reader.ts';
import type { InstanceKey } from '../store/instance-key.ts';
import { type CheckSum, joined, sumOf } from './check-sum.ts';
import { MEMBER_HEAD, memberTail, stored } from './gzip-parts.ts';
import type { InstanceTexts } from './instance-texts.ts';
import type { Layout } from './layout.ts';
import { type Page, PageRewriting, type Wanted } from './page-rewriting.ts';

/** What became of one instance. */
export interface Difference extends Pick<ServedInstance, 'key' | 'app' | 'id'> {
  /** As the list shows it now; undefined: no more. */
  readonly after: ServedInstance | undefined;
}

/**
 * Below this many bytes a list is one buffer, and is copied at every change. Above, its pages are handed over: at 10,000 instances, one buffer of 420 KB
 * a change made V8 collect all garbage twice a second at 100 changes a second, which cost a fifth of the time.
 */
const ONE_BUFFER_BYTES = 64 * 1024;

export class SegmentedList {
  readonly #layout: Layout;
  readonly #texts: InstanceTexts;
  #pages: readonly Page[] = [];

  constructor(layout: Layout, texts: InstanceTexts) {
    this.#layout = layout;
    this.#texts = texts;
  }

  /**
   * Brings the list up to date, step by step; it is as it was until the last step.
   *
   * @param differences - in canonical order, one an instance
   * @param wanted - the forms that are made; others are let go
   */
  *apply(differences: readonly Difference[], wanted: Wanted): Generator<void, void> {
    const rewriting = new PageRewriting(this.#layout, this.#texts, wanted, differences);
    yield* rewriting.run(this.#pages);
    this.#pages = rewriting.pages;
  }

  /** What this list would have to be told to show `content`. */
  differencesTo(content: Iterable<ServedInstance>): Map<InstanceKey, Difference> {
    const differences = new Map<InstanceKey, Difference>();
    for (const served of content) differences.set(served.key, { ...named(served), after: served });
    for (const { segments } of this.#pages) {
      for (const { instances } of segments) {
        for (const held of instances) {
          const now = differences.get(held.key);
          if (now === undefined) differences.set(held.key, { ...named(held), after: undefined });
          else if (now.after === held) differences.delete(held.key);
        }
      }
    }
    return differences;
  }

  /** The whole as it is. @param head and tail - what stands around the instances */
  plain(head: string, tail: string): readonly Uint8Array[] {
    const pages = this.#pages.flatMap(({ plain }) => plain!);
    return oneOrSeveral([Buffer.from(head), ...pages, Buffer.from(this.#closed(tail))]);
  }

  /** The whole as one gzip member. */
  packed(head: string, tail: string): readonly Uint8Array[] {
    const first = Buffer.from(head);
    const last = Buffer.from(this.#closed(tail));
    let sum: CheckSum = sumOf(first);
    for (const page of this.#pages) sum = joined(sum, page.sum!);
    sum = joined(sum, sumOf(last));
    const before = Buffer.concat([MEMBER_HEAD, stored(first, false)]);
    const after = Buffer.concat([stored(last, true), memberTail(sum)]);
    return oneOrSeveral([before, ...this.#pages.map(({ packed }) => packed!), after]);
  }

  #closed(tail: string): string {
    return this.#pages.length === 0 ? tail : this.#layout.closeApp + tail;
  }

  /** Lets go of bytes that nobody asks for. */
  drop(form: keyof Wanted): void {
    for (const page of this.#pages) {
      page[form] = undefined;
      for (const segment of page.segments) {
        segment[form] = undefined;
        if (form === 'plain') segment.part = undefined;
      }
    }
  }
}

function named({ key, app, id }: ServedInstance): Pick<ServedInstance, 'key' | 'app' | 'id'> {
  return { key, app, id };
}

function oneOrSeveral(chunks: readonly Uint8Array[]): readonly Uint8Array[] {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  return length < ONE_BUFFER_BYTES ? [Buffer.concat(chunks, length)] : chunks;
}
