import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BadTarget, decodeSegment, splitTarget } from './path.ts';

const segments = (target: string): readonly string[] => splitTarget(target).segments;

test('trailing and doubled slashes make no segments', () => {
  expect(segments('//eureka//apps///')).toEqual(['eureka', 'apps']);
  expect(segments('/')).toEqual([]);
});

test('the query begins at the first question mark', () => {
  expect(splitTarget('/eureka/apps?a=b?c/d')).toEqual({ segments: ['eureka', 'apps'], search: 'a=b?c/d' });
});

test('dot segments are segments, not directions', () => {
  expect(segments('/eureka/apps/A/..')).toEqual(['eureka', 'apps', 'A', '..']);
  expect(decodeSegment('%2e%2E')).toBe('..');
});

test('path parameters are dropped, escaped semicolons are not', () => {
  expect(segments('/eureka/apps;v=1/A;x=y;z')).toEqual(['eureka', 'apps', 'A']);
  expect(decodeSegment('a%3Bb')).toBe('a;b');
});

test('an absolute target counts from its path', () => {
  expect(segments('http://proxy:80/eureka/apps')).toEqual(['eureka', 'apps']);
  expect(segments('http://proxy')).toEqual([]);
});

test.each(['*', 'eureka/apps', '/eureka/apps/a#b', ''])('%j is refused', (target) => {
  expect(() => splitTarget(target)).toThrow(BadTarget);
});

test.each(['%', '%zz', '%ff', 'a%', '%C3'])('the segment %j is refused', (segment) => {
  expect(() => decodeSegment(segment)).toThrow(BadTarget);
});

test('raw UTF-8 bytes, which Node hands over one character each, are read as UTF-8', () => {
  expect(decodeSegment(Buffer.from('größe').toString('latin1'))).toBe('größe');
});

test('whatever stands in an id, its escaped form is read back, in the place where it stood', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (id) => {
      const target = `/eureka/apps/A/${encodeURIComponent(id)}/status?value=UP`;
      const { segments, search } = splitTarget(target);
      expect(segments.map(decodeSegment)).toEqual(['eureka', 'apps', 'A', id, 'status']);
      expect(search).toBe('value=UP');
    }),
  );
});

test('any text either splits and decodes or is a bad target', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      try {
        splitTarget(text).segments.map(decodeSegment);
      } catch (error) {
        expect(error).toBeInstanceOf(BadTarget);
      }
    }),
  );
});
