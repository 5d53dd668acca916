import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EMPTY_SUM, joined, sumOf } from './check-sum.ts';
import { deflated, MEMBER_HEAD, memberTail, stored } from './gzip-parts.ts';

/** Longer than zlib looks back. */
const LONG = Array.from({ length: 8_000 }, (_, index) => index * 7_919).join();

test('a member made of parts, each with the one before as dictionary, is the text of all of them', () => {
  const words = fc.constantFrom('{"instance":', '"hostName":"a"', ',', 'ü', LONG);
  const texts = fc.array(
    fc.array(words, { maxLength: 20 }).map((parts) => Buffer.from(parts.join(''))),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(texts, fc.string(), (parts, end) => {
      const last = Buffer.from(end);
      const packed = parts.map((part, index) => deflated(part, parts[index - 1]));
      const sum = [...parts, last].reduce((all, part) => joined(all, sumOf(part)), EMPTY_SUM);
      const member = Buffer.concat([MEMBER_HEAD, ...packed, stored(last, true), memberTail(sum)]);
      expect(gunzipSync(member).equals(Buffer.concat([...parts, last]))).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test('a text stored as it is may be empty, and longer than one block holds', () => {
  for (const length of [0, 1, 65_535, 65_536, 200_000]) {
    const text = Buffer.alloc(length, 'x');
    const member = Buffer.concat([MEMBER_HEAD, stored(text, true), memberTail(sumOf(text))]);
    expect(gunzipSync(member).equals(text)).toBe(true);
  }
});
