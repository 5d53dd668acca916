import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyOfXmlName, xmlName, xmlText } from './xml-text.ts';
import { parseXml } from './xml-tree.ts';

const anyText = fc.string({ unit: 'binary' });

test.each([
  ['my_key', 'my__key'],
  ['a b', 'a_.0020b'],
  ['$x', '_-x'],
  ['9z', '_.0039z'],
  ['-d', '_.002dd'],
  ['a.b-c', 'a.b-c'],
  ['é', 'é'],
  ['中', '中'],
  ['😀', '_.d83d_.de00'],
  ['a:b', 'a_.003ab'],
  ['a\u0001b', 'a_.0001b'],
  ['<x>', '_.003cx_.003e'],
  ['', ''],
])('the metadata key %j is the element name %j, and back', (key, name) => {
  expect(xmlName(key)).toBe(name);
  expect(keyOfXmlName(name)).toBe(key);
});

test('an underscore that begins no escape stands for itself', () => {
  expect(keyOfXmlName('my_key')).toBe('my_key');
  expect(keyOfXmlName('a_')).toBe('a_');
  expect(keyOfXmlName('a_.00zz')).toBe('a_.00zz');
  expect(keyOfXmlName('a___b')).toBe('a__b');
});

test('every key but the empty one gives a name that a parser takes, and comes back from it', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', minLength: 1 }).filter((key) => key.isWellFormed()),
      (key) => {
        const { children } = parseXml(`<metadata><${xmlName(key)}>v</${xmlName(key)}></metadata>`);
        expect(children.map((child) => keyOfXmlName(child.name))).toEqual([key]);
      },
    ),
  );
});

test('two keys never share a name', () => {
  fc.assert(
    fc.property(anyText, anyText, (a, b) => {
      fc.pre(a !== b);
      expect(xmlName(a)).not.toBe(xmlName(b));
    }),
  );
});

test('text loses nothing but what XML cannot say', () => {
  const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
  fc.assert(
    fc.property(fc.oneof(anyText, fc.string()), (text) => {
      const { text: read } = parseXml(`<v>${xmlText(text)}</v>`);
      expect(read).toBe(text.toWellFormed().replace(forbidden, ''));
    }),
  );
});

test('no control character but tab and newline is ever written', () => {
  const every = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).join('.');
  const controls = /[^\P{Cc}\t\n]/u;
  expect(xmlText(every)).not.toMatch(controls);
  expect(xmlText('\u0085')).toBe('&#x85;');
  expect(xmlText('a\rb\tc\nd')).toBe('a&#xd;b\tc\nd');
  expect([...every].map(xmlName).join('')).not.toMatch(/\p{Cc}/u);
});
