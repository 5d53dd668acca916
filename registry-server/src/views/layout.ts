/** How a list looks around its instances: stock's shapes, without whitespace. One layout for each format and form. */
import { encodeCompactInstanceJson, encodeInstanceJson, type InstanceInfo } from '@heureka/client-sdk/protocol';
import { instanceXml } from '../xml/xml-encoder.ts';
import { xmlText } from '../xml/xml-text.ts';
import type { Representation } from './views.ts';

/** `versions__delta` and `apps__hashcode`. */
export interface Counters {
  readonly version: string;
  readonly hash: string;
}

export type LayoutName = 'json-full' | 'json-compact' | 'xml-full' | 'xml-compact';

export interface Layout {
  /** Also the last part of ETags. */
  readonly name: LayoutName;
  /** One instance, as it stands in lists. */
  instance(info: InstanceInfo): string;
  /** Between two instances of one application. */
  readonly comma: string;
  openApp(name: string): string;
  readonly closeApp: string;
  /** Before the first application. */
  head(counters: Counters): string;
  /** After the last one. */
  tail(counters: Counters): string;
  /** Around a single application that is the whole answer. */
  readonly alone: readonly [string, string];
}

const jsonCounters = ({ version, hash }: Counters): string =>
  `"versions__delta":"${version}","apps__hashcode":"${hash}"`;
const JSON_PARTS = {
  comma: ',',
  openApp: (name: string) => `{"name":${JSON.stringify(name)},"instance":[`,
  closeApp: ']}',
  alone: ['{"application":', '}'],
} as const;

const xmlCounters = ({ version, hash }: Counters): string =>
  `<versions__delta>${version}</versions__delta><apps__hashcode>${hash}</apps__hashcode>`;
const XML_PARTS = {
  comma: '',
  openApp: (name: string) => `<application><name>${xmlText(name)}</name>`,
  closeApp: '</application>',
  alone: ['', ''],
} as const;

type Format = Representation['format'];
type Form = Representation['form'];

// Stock's compact codecs write the counters last.
const LAYOUTS: Readonly<Record<Format, Readonly<Record<Form, Layout>>>> = {
  json: {
    full: {
      ...JSON_PARTS,
      name: 'json-full',
      instance: encodeInstanceJson,
      head: (counters) => `{"applications":{${jsonCounters(counters)},"application":[`,
      tail: () => ']}}',
    },
    compact: {
      ...JSON_PARTS,
      name: 'json-compact',
      instance: encodeCompactInstanceJson,
      head: () => '{"applications":{"application":[',
      tail: (counters) => `],${jsonCounters(counters)}}}`,
    },
  },
  xml: {
    full: {
      ...XML_PARTS,
      name: 'xml-full',
      instance: (info) => instanceXml(info, 'full'),
      head: (counters) => `<applications>${xmlCounters(counters)}`,
      tail: () => '</applications>',
    },
    compact: {
      ...XML_PARTS,
      name: 'xml-compact',
      instance: (info) => instanceXml(info, 'compact'),
      head: () => '<applications>',
      tail: (counters) => `${xmlCounters(counters)}</applications>`,
    },
  },
};

export function layoutOf({ format, form }: Pick<Representation, 'format' | 'form'>): Layout {
  return LAYOUTS[format][form];
}
