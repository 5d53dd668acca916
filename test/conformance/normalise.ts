/** Makes two answers comparable: times and counters are masked, order that carries no meaning is made one. */
import { SaxesParser } from 'saxes';
import type { Answered } from './exchange.ts';

/** A document, format aside: JSON as parsed, XML as nested objects. */
export type Tree = unknown;

const MOMENT = /^1[0-9]{12}$/;

/** @param isDelta - its version counts on through a server's life and says nothing here */
export function normalised(answer: Pick<Answered, 'body' | 'headers'>, isDelta: boolean): Tree {
  const { body } = answer;
  if (body === '') return '';
  const tree = body.startsWith('<') ? xmlTree(body) : jsonTree(body);
  return masked(tree, isDelta);
}

function jsonTree(text: string): Tree {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Elements with attributes as `@name`, text as `#`; children by name, as lists. */
function xmlTree(text: string): Tree {
  type Element = { [name: string]: unknown };
  const root: Element = {};
  const stack: { name: string; element: Element; text: string }[] = [{ name: '', element: root, text: '' }];
  const parser = new SaxesParser();
  let flawed = false;
  parser.on('error', () => {
    flawed = true;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const element: Element = {};
    for (const [key, value] of Object.entries(attributes)) element[`@${key}`] = value;
    stack.push({ name, element, text: '' });
  });
  parser.on('text', (piece) => {
    stack.at(-1)!.text += piece;
  });
  parser.on('closetag', () => {
    const { name, element, text: own } = stack.pop()!;
    const parent = stack.at(-1)!.element;
    const value = Object.keys(element).length === 0 ? own : own.trim() === '' ? element : { ...element, '#': own };
    parent[name] = [...((parent[name] as unknown[] | undefined) ?? []), value];
  });
  parser.write(text).close();
  return flawed ? text : root;
}

function masked(value: unknown, isDelta: boolean): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => masked(item, isDelta));
    return items.sort((a, b) => rank(a).localeCompare(rank(b)));
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
      .map(([key, inner]) => [key, member(key, inner, isDelta)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries);
  }
  if ((typeof value === 'number' || typeof value === 'string') && MOMENT.test(String(value))) {
    return typeof value === 'number' ? 'MOMENT as number' : 'MOMENT as text';
  }
  return value;
}

function member(key: string, inner: unknown, isDelta: boolean): unknown {
  if (isDelta && key === 'versions__delta') return 'VERSION';
  // The one list whose order says something: answers stand where their items stood.
  if (key === 'responseList' && Array.isArray(inner)) return inner.map((item) => masked(item, isDelta));
  return masked(inner, isDelta);
}

/** What lists are ordered by: application name, instance id, else the whole item. */
function rank(item: unknown): string {
  if (typeof item !== 'object' || item === null) return String(item);
  return JSON.stringify(item);
}
