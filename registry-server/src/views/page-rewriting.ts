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
import { cutsAfter, leadOf, type Segment, segmentText } from './segment.ts';

export interface Page {
  readonly segments: readonly Segment[];
  /** All of its segments in a row, while wanted. They are parts of the same memory. */
  plain: Uint8Array | undefined;
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
  /** Instances that are in no segment yet, and the length of their text. */
  #open: ServedInstance[] = [];
  #openText = 0;
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
    for (const served of instances) {
      this.#open.push(served);
      this.#openText += this.#texts.of(served, this.#layout).length;
      if (!cutsAfter(served, this.#openText)) continue;
      this.#close();
      yield;
    }
  }

  /** Makes a segment of what is open. */
  #close(): void {
    const instances = this.#open;
    this.#open = [];
    this.#openText = 0;
    const lead = this.#lead(instances[0]!);
    const text = Buffer.from(segmentText(instances, lead, this.#layout, this.#texts));
    const { packed } = this.#wanted;
    this.#add(
      {
        instances,
        lead,
        sum: packed ? sumOf(text) : undefined,
        plain: this.#wanted.plain ? text : undefined,
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
    const text = this.#textOf(segment);
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
    return this.#textOf(this.#before);
  }

  #textOf({ plain, instances, lead }: Segment): Uint8Array {
    return plain ?? Buffer.from(segmentText(instances, lead, this.#layout, this.#texts));
  }

  /** Makes a page of the first `count` loose segments. */
  #page(count: number): void {
    const segments = this.#loose.splice(0, count);
    const plain = this.#wanted.plain ? together(segments, 'plain') : undefined;
    const packed = this.#wanted.packed ? together(segments, 'packed') : undefined;
    const sum = this.#wanted.packed
      ? segments.reduce((all, segment) => joined(all, segment.sum!), EMPTY_SUM)
      : undefined;
    this.pages.push({ segments, plain, packed, sum });
  }
}

/** Their bytes in one piece of memory, of which each segment holds its part from now on: the same bytes, held once. */
function together(segments: readonly Segment[], form: keyof Wanted): Uint8Array {
  const bytes = Buffer.concat(segments.map((segment) => segment[form]!));
  let at = 0;
  for (const segment of segments) {
    const end = at + segment[form]!.length;
    segment[form] = bytes.subarray(at, end);
    at = end;
  }
  return bytes;
}
