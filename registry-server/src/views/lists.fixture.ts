/** For tests of lists: the same list made the simple way, and every way to ask for one. */
import type { ServedInstance } from '../replica/replica-reader.ts';
import { inOrder } from './canonical-order.ts';
import { InstanceTexts } from './instance-texts.ts';
import type { Counters, Layout } from './layout.ts';
import { listText } from './list-text.ts';
import type { EncodedAnswer, Representation } from './views.ts';

/** The same list, encoded in one go. */
export function naively(instances: Iterable<ServedInstance>, counters: Counters, layout: Layout): string {
  return listText(inOrder(instances), counters, layout, new InstanceTexts());
}

export function bytesOf({ chunks, length }: EncodedAnswer): Buffer {
  return Buffer.concat(chunks, length);
}

export const JSON_PLAIN: Representation = { format: 'json', form: 'full', encoding: 'identity' };
export const JSON_GZIP: Representation = { format: 'json', form: 'full', encoding: 'gzip' };

/** Every layout there is. */
export const LAYOUTS: readonly Omit<Representation, 'encoding'>[] = [
  { format: 'json', form: 'full' },
  { format: 'json', form: 'compact' },
  { format: 'xml', form: 'full' },
  { format: 'xml', form: 'compact' },
];
