/**
 * A piece of a large list: some instances in a row, with what is known of their bytes. Segments are never changed, but for where their bytes lie.
 *
 * Where a list is cut depends on its content alone, so that a node that loaded and one that followed every change send the same bytes. A cut comes
 * after an instance whose key says so, once there is enough text, and a change moves the cuts behind it only as far as the next one
 * that both ways of counting agree on: two or three segments at most, seldom any.
 */
import type { ServedInstance } from '../replica/replica-reader.ts';
import type { CheckSum } from './check-sum.ts';
import type { Layout } from './layout.ts';

/** What stands before an instance: nothing of its application yet, and none before (`first`); another application (`next`); its own (`same`). */
export type Lead = 'first' | 'next' | 'same';

/** Bytes of some segments in a row, each of which holds its piece of them: the same memory, held once. */
export interface Part {
  readonly bytes: Uint8Array;
  /** How many. */
  readonly segments: number;
}

export interface Segment {
  readonly instances: readonly ServedInstance[];
  readonly lead: Lead;
  /** Of its text; known once it was compressed. */
  readonly sum: CheckSum | undefined;
  /** Its text, while somebody wants it as it is. */
  plain: Uint8Array | undefined;
  /** What `plain` is a piece of, once it is. */
  part: Part | undefined;
  /** Its text compressed, with the text of the segment before as dictionary. */
  packed: Uint8Array | undefined;
}

/** Of text, in UTF-16 units, before the list may be cut: with the next part this makes about 12 KB. */
const MIN_TEXT = 9 * 1024;
const MAX_TEXT = 32 * 1024;
/** One key of so many is a place to cut. */
const CUT_SHARE = 4;

/** @param textLength - of the segment up to and with this instance, without what stands between instances */
export function cutsAfter(served: ServedInstance, textLength: number): boolean {
  return textLength >= MAX_TEXT || (textLength >= MIN_TEXT && hashOf(served.key) % CUT_SHARE === 0);
}

export function leadOf(served: ServedInstance, before: ServedInstance | undefined): Lead {
  if (before === undefined) return 'first';
  return before.app === served.app ? 'same' : 'next';
}

/** @param texts - of the instances, one by one */
export function segmentText(
  instances: readonly ServedInstance[],
  texts: readonly string[],
  lead: Lead,
  layout: Layout,
): string {
  let text = '';
  let before: ServedInstance | undefined;
  for (const [index, served] of instances.entries()) {
    switch (before === undefined ? lead : leadOf(served, before)) {
      case 'same':
        text += layout.comma;
        break;
      case 'next':
        text += layout.closeApp + layout.comma + layout.openApp(served.app);
        break;
      case 'first':
        text += layout.openApp(served.app);
    }
    text += texts[index]!;
    before = served;
  }
  return text;
}

/** FNV-1a over UTF-16 units, its high bits mixed into the low ones: ids that differ in the last character cut at different places. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
