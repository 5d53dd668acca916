/**
 * Instances as text, each encoded once for each layout that is asked for: lists, deltas and pushed events all use the same text. Bounded, since
 * large lists hold bytes and need the texts of what changes, and of its neighbours, alone.
 */
import type { ServedInstance } from '../replica/replica-reader.ts';
import type { Layout, LayoutName } from './layout.ts';

/** Of text in one generation, in UTF-16 units; there are two for each layout. */
const GENERATION_TEXT = 4 * 1024 * 1024;

interface Generations {
  young: Map<ServedInstance, string>;
  /** Those not asked for since the young ones began to be gathered go first. */
  old: ReadonlyMap<ServedInstance, string>;
  /** Of text in the young one. */
  length: number;
}

export class InstanceTexts {
  readonly #layouts = new Map<LayoutName, Generations>();
  #encoded = 0;

  /** How many instances have been encoded so far. */
  get encoded(): number {
    return this.#encoded;
  }

  of(served: ServedInstance, layout: Layout): string {
    let texts = this.#layouts.get(layout.name);
    if (texts === undefined) {
      texts = { young: new Map(), old: new Map(), length: 0 };
      this.#layouts.set(layout.name, texts);
    }
    const young = texts.young.get(served);
    if (young !== undefined) return young;
    let text = texts.old.get(served);
    if (text === undefined) {
      text = flat(layout.instance(served.info));
      this.#encoded++;
    }
    if (texts.length + text.length > GENERATION_TEXT) {
      texts.old = texts.young;
      texts.young = new Map();
      texts.length = 0;
    }
    texts.young.set(served, text);
    texts.length += text.length;
    return text;
  }

  /** For whoever goes through very many of them once: what is not known is encoded and not kept. */
  passing(served: ServedInstance, layout: Layout): string {
    const texts = this.#layouts.get(layout.name);
    const known = texts?.young.get(served) ?? texts?.old.get(served);
    if (known !== undefined) return known;
    this.#encoded++;
    return layout.instance(served.info);
  }

  /** Nobody has asked for this layout in a while. */
  drop(layout: LayoutName): void {
    this.#layouts.delete(layout);
  }
}

/** A text put together from many is a tree of them in memory; reading a character makes it one piece, a tenth of the size. */
function flat(text: string): string {
  text.charCodeAt(0);
  return text;
}
