/**
 * One pass over the pages of a large list, that makes what the next version of it needs: the segments that changed, those compressed with a changed
 * one as dictionary, and forms of bytes that were not wanted before. All else is taken over. The old pages stay true until the pass is over.
 */
import type { ServedInstance } from '../replica/replica-reader.ts';
import { canonically } from './canonical-order.ts';
import { type CheckSum, EMPTY_SUM, joined, sumOf } from './check-sum.ts';
import { deflated } from './gzip-parts.ts';
import type { InstanceTexts } from './instance-texts.ts';
import type { Layout } from './layout.ts';
import { plainParts } from './plain-parts.ts';
import { cutsAfter, leadOf, type Segment, segmentText } from './segment.ts';

export interface Page {
  readonly segments: readonly Segment[];
  /** The text of its segments in a row, while wanted. */
  plain: readonly Uint8Array[] | undefined;
  /** The same compressed, in one piece. */
  packed: Uint8Array | undefined;
  /** Of its text; known while `packed` is. */
  readonly sum: CheckSum | undefined;
}

/** Which forms of the bytes somebody asks for. */
export interface Wanted {
  readonly plain: boolean;
  readonly packed: boolean;
}

/** What became of one instance, in canonical order with others. */
interface Difference extends Pick<ServedInstance, 'app' | 'id'> {
  readonly after: ServedInstance | undefined;
}

/** Segments of a page: enough that a list has few of them, few enough that joining one again costs little. */
const PAGE_SEGMENTS = 64;
const MAX_PAGE_SEGMENTS = 96;
/** A page that shrinks below this takes from the next one. */
const MIN_PAGE_SEGMENTS = 16;
/** Differences at once, of which the texts are not kept. */
const MANY = 3_000;

export class PageRewriting {
  readonly #layout: Layout;
  readonly #texts: InstanceTexts;
  readonly #wanted: Wanted;
  readonly #differences: readonly Difference[];
  /** Next of the differences. */
  #at = 0;
  readonly pages: Page[] = [];
  /** Segments that are in no page yet. */
  #loose: Segment[] = [];
  /** Instances that are in no segment yet, their texts, and the length of these in all. */
  #open: ServedInstance[] = [];
  #openTexts: string[] = [];
  #openLength = 0;
  /** The segment before, and its text where it is at hand. */
  #before: Segment | undefined;
  #beforeText: Uint8Array | undefined;
  /** Whether the text before the next old segment is another than the one it was compressed with. */
  #beforeChanged = false;

  constructor(layout: Layout, texts: InstanceTexts, wanted: Wanted, differences: readonly Difference[]) {
    this.#layout = layout;
    this.#texts = texts;
    this.#wanted = wanted;
    this.#differences = differences;
  }

  *run(pages: readonly Page[]): Generator<void, void> {
    for (const [index, page] of pages.entries()) {
      const following = pages[index + 1]?.segments[0]?.instances[0];
      if (this.#stands(page, following)) {
        this.pages.push(page);
        this.#before = page.segments.at(-1);
        this.#beforeText = undefined;
        continue;
      }
      for (const [place, segment] of page.segments.entries()) {
        yield* this.#segment(segment, page.segments[place + 1]?.instances[0] ?? following);
      }
      if (this.#open.length === 0 && this.#loose.length >= MIN_PAGE_SEGMENTS) this.#page(this.#loose.length);
    }
    // Nothing stood there before.
    if (pages.length === 0) yield* this.#feed(this.#merged([], undefined));
    if (this.#open.length > 0) this.#close();
    if (this.#loose.length > 0) this.#page(this.#loose.length);
  }

  /** Whether a page is taken over as it is. @param following - the first instance after it */
  #stands(page: Page, following: ServedInstance | undefined): boolean {
    return (
      this.#open.length === 0 &&
      this.#loose.length === 0 &&
      !this.#beforeChanged &&
      !this.#differs(following) &&
      (page.plain !== undefined || !this.#wanted.plain) &&
      (page.packed !== undefined || !this.#wanted.packed)
    );
  }

  /** Whether there is a difference before `following`. */
  #differs(following: ServedInstance | undefined): boolean {
    const difference = this.#differences[this.#at];
    return difference !== undefined && (following === undefined || canonically(difference, following) < 0);
  }

  *#segment(segment: Segment, following: ServedInstance | undefined): Generator<void, void> {
    const same = this.#open.length === 0 && !this.#differs(following);
    if (same && segment.lead === this.#lead(segment.instances[0]!)) {
      if (this.#keep(segment)) yield;
      return;
    }
    yield* this.#feed(this.#merged(segment.instances, following));
    this.#beforeChanged = true;
  }

  /** @param following - the first instance that stays out of it */
  #merged(instances: readonly ServedInstance[], following: ServedInstance | undefined): readonly ServedInstance[] {
    if (!this.#differs(following)) return instances;
    const merged: ServedInstance[] = [];
    let from = 0;
    for (; this.#differs(following); this.#at++) {
      const difference = this.#differences[this.#at]!;
      while (from < instances.length && canonically(instances[from]!, difference) < 0) merged.push(instances[from++]!);
      if (from < instances.length && canonically(instances[from]!, difference) === 0) from++;
      if (difference.after !== undefined) merged.push(difference.after);
    }
    while (from < instances.length) merged.push(instances[from++]!);
    return merged;
  }

  *#feed(instances: readonly ServedInstance[]): Generator<void, void> {
    // When nearly everything is new, texts that are kept would only push each other out.
    const keep = this.#differences.length < MANY;
    for (const served of instances) {
      const text = keep ? this.#texts.of(served, this.#layout) : this.#texts.passing(served, this.#layout);
      this.#open.push(served);
      this.#openTexts.push(text);
      this.#openLength += text.length;
      if (!cutsAfter(served, this.#openLength)) continue;
      this.#close();
      yield;
    }
  }

  /** Makes a segment of what is open. */
  #close(): void {
    // Copied: an array that has grown by pushing holds half as much again.
    const instances = this.#open.slice();
    const lead = this.#lead(instances[0]!);
    const text = Buffer.from(segmentText(instances, this.#openTexts, lead, this.#layout));
    this.#open = [];
    this.#openTexts = [];
    this.#openLength = 0;
    const { packed } = this.#wanted;
    this.#add(
      {
        instances,
        lead,
        sum: packed ? sumOf(text) : undefined,
        plain: this.#wanted.plain ? text : undefined,
        part: undefined,
        packed: packed ? deflated(text, this.#textBefore()) : undefined,
      },
      text,
    );
    this.#beforeChanged = true;
  }

  /** Takes a segment over whose text is the same. @returns whether that cost anything */
  #keep(segment: Segment): boolean {
    const pack = this.#wanted.packed && (this.#beforeChanged || segment.packed === undefined);
    const fill = this.#wanted.plain && segment.plain === undefined;
    this.#beforeChanged = false;
    if (!pack && !fill) {
      this.#add(segment, undefined);
      return false;
    }
    // A form that was not wanted before is made of all segments, once.
    const text = this.#textOf(segment, !fill && segment.packed !== undefined);
    this.#add(
      {
        ...segment,
        plain: this.#wanted.plain ? text : undefined,
        ...(pack ? { packed: deflated(text, this.#textBefore()), sum: segment.sum ?? sumOf(text) } : {}),
      },
      text,
    );
    return true;
  }

  #add(segment: Segment, text: Uint8Array | undefined): void {
    this.#before = segment;
    this.#beforeText = text;
    this.#loose.push(segment);
    if (this.#loose.length > MAX_PAGE_SEGMENTS) this.#page(PAGE_SEGMENTS);
  }

  #lead(served: ServedInstance): Segment['lead'] {
    return leadOf(served, this.#before?.instances.at(-1));
  }

  #textBefore(): Uint8Array | undefined {
    if (this.#beforeText !== undefined || this.#before === undefined) return this.#beforeText;
    return this.#textOf(this.#before, true);
  }

  /** @param keep - whether the texts of its instances may be wanted again soon */
  #textOf({ plain, instances, lead }: Segment, keep: boolean): Uint8Array {
    if (plain !== undefined) return plain;
    const texts = instances.map((served) =>
      keep ? this.#texts.of(served, this.#layout) : this.#texts.passing(served, this.#layout),
    );
    return Buffer.from(segmentText(instances, texts, lead, this.#layout));
  }

  /** Makes a page of the first `count` loose segments. */
  #page(count: number): void {
    const segments = this.#loose.splice(0, count);
    const plain = this.#wanted.plain ? plainParts(segments) : undefined;
    const packed = this.#wanted.packed ? together(segments) : undefined;
    const sum = this.#wanted.packed
      ? segments.reduce((all, segment) => joined(all, segment.sum!), EMPTY_SUM)
      : undefined;
    this.pages.push({ segments, plain, packed, sum });
  }
}

/** What they are compressed to in one piece of memory, of which each segment holds its piece from now on. */
function together(segments: readonly Segment[]): Uint8Array {
  const bytes = Buffer.concat(segments.map(({ packed }) => packed!));
  let at = 0;
  for (const segment of segments) {
    const end = at + segment.packed!.length;
    segment.packed = bytes.subarray(at, end);
    at = end;
  }
  return bytes;
}
