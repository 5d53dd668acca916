import { validateHeaderValue } from 'node:http';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { headerText } from './reply.ts';

test.each([
  ['plain text', 'plain text'],
  ['a\r\nX-Evil: 1', 'a%0D%0AX-Evil: 1'],
  ['Grüße', 'Gr%C3%BC%C3%9Fe'],
  // Two UTF-16 units, one character: each alone has no UTF-8.
  ['\u{1f600}', '%F0%9F%98%80'],
  ['\ud800', '%EF%BF%BD'],
  [`${'x'.repeat(299)}\u{1f600}`, `${'x'.repeat(299)}%EF%BF%BD`],
])('%j as a header is %j', (text, header) => {
  expect(headerText(text)).toBe(header);
});

test('any text becomes a header that HTTP allows', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(() => validateHeaderValue('x-heureka-reason', headerText(text))).not.toThrow();
    }),
  );
});
