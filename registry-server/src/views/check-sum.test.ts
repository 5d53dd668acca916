import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EMPTY_SUM, joined, sumOf } from './check-sum.ts';

test('the sum of parts, joined in any way, is the sum of the whole', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), (parts) => {
      const whole = Buffer.concat(parts);
      const fromLeft = parts.reduce((sum, part) => joined(sum, sumOf(part)), EMPTY_SUM);
      const fromRight = parts.reduceRight((sum, part) => joined(sumOf(part), sum), EMPTY_SUM);
      expect(fromLeft).toEqual({ length: whole.length, crc: crc32(whole), move: fromRight.move });
      expect(fromRight).toEqual(fromLeft);
    }),
  );
});

test('long parts join as well: a length of any number of bits', () => {
  const long = Buffer.alloc(5_000_003, 'heureka');
  const short = Buffer.from('end');
  expect(joined(sumOf(long), sumOf(short)).crc).toBe(crc32(Buffer.concat([long, short])));
});
