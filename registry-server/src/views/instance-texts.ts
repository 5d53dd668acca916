/** Instances as text, each encoded once for each layout that is asked for: lists, deltas and pushed events all use the same text. */
import type { ServedInstance } from '../replica/replica-reader.ts';
import type { Layout, LayoutName } from './layout.ts';

export class InstanceTexts {
  /** Weak: the text goes with the instance, and instances are never changed. */
  readonly #texts = new Map<LayoutName, WeakMap<ServedInstance, string>>();
  #encoded = 0;

  /** How many instances have been encoded so far. */
  get encoded(): number {
    return this.#encoded;
  }

  of(served: ServedInstance, layout: Layout): string {
    let texts = this.#texts.get(layout.name);
    if (texts === undefined) {
      texts = new WeakMap();
      this.#texts.set(layout.name, texts);
    }
    const known = texts.get(served);
    if (known !== undefined) return known;
    const text = flat(layout.instance(served.info));
    this.#encoded++;
    texts.set(served, text);
    return text;
  }

  /** Nobody has asked for this layout in a while. */
  drop(layout: LayoutName): void {
    this.#texts.delete(layout);
  }
}

/** A text put together from many is a tree of them in memory; reading a character makes it one piece, a tenth of the size. */
function flat(text: string): string {
  text.charCodeAt(0);
  return text;
}
