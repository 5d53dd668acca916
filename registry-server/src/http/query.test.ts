import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Query } from './query.ts';

test('the first of a name counts, and names are case-sensitive', () => {
  const query = new Query('value=UP&value=DOWN&VALUE=x');
  expect(query.get('value')).toBe('UP');
  expect(query.get('Value')).toBeUndefined();
});

test('a plus is a space, an escaped plus is a plus, a bad escape is text', () => {
  const query = new Query('a=b+c&d=%2B1000&k=%zz');
  expect([query.get('a'), query.get('d'), query.get('k')]).toEqual(['b c', '+1000', '%zz']);
});

test('a name without value has the empty one, a value without name is dropped', () => {
  expect([...new Query('k&l=&=v&&m=1=2').entries]).toEqual([
    ['k', ''],
    ['l', ''],
    ['m', '1=2'],
  ]);
});

test('names of Object.prototype are names like others', () => {
  expect(new Query('').get('__proto__')).toBeUndefined();
  expect(new Query('__proto__=x').get('__proto__')).toBe('x');
});

test('a name is found the same way whether it is asked for alone or all are read', () => {
  const part = fc.stringMatching(/^[a-c&=%+]{0,12}$/);
  fc.assert(
    fc.property(part, fc.constantFrom('', 'a', 'b', 'ab', 'aa', 'c'), (search, name) => {
      expect(new Query(search).get(name)).toBe(new Query(search).entries.get(name));
    }),
    { numRuns: 2_000 },
  );
});

test('agrees with URLSearchParams wherever escapes are good', () => {
  const part = fc.string({ unit: 'grapheme', minLength: 1 });
  fc.assert(
    fc.property(fc.array(fc.tuple(part, part), { maxLength: 10 }), (pairs) => {
      const search = new URLSearchParams(pairs).toString();
      const query = new Query(search);
      for (const [name] of pairs) expect(query.get(name)).toBe(new URLSearchParams(search).get(name));
    }),
  );
});
