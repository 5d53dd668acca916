/** XML text as a small tree, read within limits: what a registration needs of XML, and nothing that a document could do harm with. */
import { DecodeError } from '@heureka/client-sdk/protocol';
import { SaxesParser } from 'saxes';

export interface XmlElement {
  readonly name: string;
  /** Without prototype. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Of this element itself, its children's left out; CDATA and references resolved, whitespace as it was. */
  readonly text: string;
  /** In the order of the document. */
  readonly children: readonly XmlElement[];
}

interface OpenElement extends XmlElement {
  text: string;
  readonly children: XmlElement[];
}

/** An instance is four deep; unknown elements are skipped, and may be nested within reason. */
export const MAX_DEPTH = 32;
/** Of one document: more than all metadata that a registration may have. */
export const MAX_ELEMENTS = 20_000;

/**
 * @returns the root element
 * @throws DecodeError for a DOCTYPE, for an entity of its own, for what is not well-formed, and beyond the limits
 */
export function parseXml(text: string): XmlElement {
  // No namespaces: keys with a colon, as stock writes them, are read. No XML 1.1, whose control characters we could not write back.
  const parser = new SaxesParser({ xmlns: false, position: false, defaultXMLVersion: '1.0', forceXMLVersion: true });
  const open: OpenElement[] = [];
  let root: XmlElement | undefined;
  let count = 0;

  parser.on('doctype', () => {
    throw new DecodeError('', 'must have no DOCTYPE');
  });
  parser.on('opentag', ({ name, attributes }) => {
    if (open.length === MAX_DEPTH) throw new DecodeError('', `must be at most ${MAX_DEPTH} elements deep`);
    if (++count > MAX_ELEMENTS) throw new DecodeError('', `must have at most ${MAX_ELEMENTS} elements`);
    const element: OpenElement = { name, attributes, text: '', children: [] };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => {
    root = open.pop();
  });
  const collect = (piece: string): void => {
    const element = open.at(-1);
    if (element !== undefined) element.text += piece;
  };
  parser.on('text', collect);
  parser.on('cdata', collect);

  try {
    parser.write(text).close();
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    throw new DecodeError('', 'is no well-formed XML', { cause: error });
  }
  if (root === undefined) throw new DecodeError('', 'is no well-formed XML');
  return root;
}
