import { DecodeError } from '@heureka/client-sdk/protocol';
import { expect, test } from 'vitest';
import { MAX_DEPTH, MAX_ELEMENTS, parseXml } from './xml-tree.ts';

test('text is what stands between the tags, CDATA and references resolved, comments left out', () => {
  const { text } = parseXml('<a> 1 &lt;&#x32;<!-- no --><![CDATA[<3>]]> &amp;&apos;</a>');
  expect(text).toBe(" 1 <2<3> &'");
});

test('a prefix that nobody declared is part of the name', () => {
  expect(parseXml('<a><x:y>1</x:y></a>').children[0]).toMatchObject({ name: 'x:y', text: '1' });
});

test('a declaration, a byte order mark and white space around the root do not count', () => {
  expect(parseXml('\ufeff<?xml version="1.0" encoding="UTF-8"?>\n<a/>\n').name).toBe('a');
});

const billionLaughs = `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol">${Array.from('bcdefghi', (name, at) => {
  const inner = `&${'abcdefghi'[at]};`;
  return `<!ENTITY ${name} "${inner.repeat(10)}">`;
}).join('')}]><instance>&i;</instance>`;

test.each([
  ['a billion laughs', billionLaughs],
  ['a DOCTYPE that says nothing', '<!DOCTYPE a><a/>'],
  ['a DOCTYPE of somewhere else', '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'],
  ['an entity that nobody defined', '<a>&who;</a>'],
  ['text after the root', '<a/>more'],
  ['a second root', '<a/><b/>'],
  ['a tag that stays open', '<a><b></a>'],
  ['nothing', ''],
  ['text alone', 'UP'],
  ['an attribute twice', '<a x="1" x="2"/>'],
  ['a forbidden control character', '<a>\u0001</a>'],
  ['a reference to one', '<a>&#1;</a>'],
  ['JSON', '{"instance":{}}'],
])('%s is refused', (_, text) => {
  expect(() => parseXml(text)).toThrow(DecodeError);
});

test('XML 1.1 is read by the rules of 1.0', () => {
  expect(() => parseXml('<?xml version="1.1"?><a>&#1;</a>')).toThrow(DecodeError);
});

test('depth and number of elements are limited', () => {
  const nested = (depth: number) => '<a>'.repeat(depth) + '</a>'.repeat(depth);
  expect(parseXml(nested(MAX_DEPTH)).name).toBe('a');
  expect(() => parseXml(nested(MAX_DEPTH + 1))).toThrow(`at most ${MAX_DEPTH} elements deep`);
  expect(() => parseXml('<a>'.repeat(500_000))).toThrow(`at most ${MAX_DEPTH} elements deep`);
  expect(parseXml(`<a>${'<b/>'.repeat(MAX_ELEMENTS - 1)}</a>`).children).toHaveLength(MAX_ELEMENTS - 1);
  expect(() => parseXml(`<a>${'<b/>'.repeat(MAX_ELEMENTS)}</a>`)).toThrow(`at most ${MAX_ELEMENTS} elements`);
});

test('names of the prototype are names like others', () => {
  const { children } = parseXml('<a><__proto__ x="1"/><constructor __proto__="2"/></a>');
  expect(children.map(({ name }) => name)).toEqual(['__proto__', 'constructor']);
  expect(({} as { x?: string }).x).toBeUndefined();
});
