import type { Instance } from '../api.ts';

export interface Difference {
  readonly added: readonly Instance[];
  readonly removed: readonly Instance[];
  /** The new ones. */
  readonly changed: readonly Instance[];
}

const NONE: readonly Instance[] = Object.freeze([]);

/** What makes `after` of `before`, by application and id. Cheap where few differ: what both begin and end with is only walked over. */
export function difference(before: readonly Instance[], after: readonly Instance[]): Difference {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  let endBefore = before.length;
  let endAfter = after.length;
  while (endBefore > start && endAfter > start && before[endBefore - 1] === after[endAfter - 1]) {
    endBefore--;
    endAfter--;
  }
  // Nothing of the old left, or nothing of the new: the usual change.
  if (start === endBefore) return { added: part(after, start, endAfter), removed: NONE, changed: NONE };
  if (start === endAfter) return { added: NONE, removed: part(before, start, endBefore), changed: NONE };

  const left = new Set(before.slice(start, endBefore));
  const fresh = after.slice(start, endAfter).filter((instance) => !left.delete(instance));
  const old = new Set([...left].map(keyOf));
  const added = fresh.filter((instance) => !old.has(keyOf(instance)));
  const changed = fresh.filter((instance) => old.delete(keyOf(instance)));
  return { added, removed: [...left].filter((instance) => old.has(keyOf(instance))), changed };
}

function part(list: readonly Instance[], start: number, end: number): readonly Instance[] {
  return start === end ? NONE : list.slice(start, end);
}

function keyOf({ app, id }: Instance): string {
  return `${app}/${id}`;
}
