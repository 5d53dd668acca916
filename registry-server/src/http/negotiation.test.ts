import { expect, test } from 'vitest';
import { acceptable, bodyFormat, entityFormat, listFormat, matches, representation } from './negotiation.ts';

test.each([
  [undefined, 'xml'],
  ['', 'xml'],
  ['*/*', 'xml'],
  ['application/json', 'json'],
  ['application/json, text/plain, */*', 'json'],
  ['APPLICATION/JSON', 'xml'],
  ['*/*, application/json;q=0', 'json'],
  ['application/hal+json, application/xml', 'json'],
])('a list for Accept %j is %s', (accept, format) => {
  expect(listFormat(accept)).toBe(format);
});

test.each([
  [undefined, 'xml'],
  ['*/*', 'xml'],
  ['application/*', 'xml'],
  ['application/json', 'json'],
  ['application/json;charset=utf-8', 'json'],
  ['application/xml, application/json', 'xml'],
  ['application/json, application/*', 'json'],
  ['application/json, */*', 'json'],
  ['application/xml;q=0.5, application/json', 'json'],
  ['text/html, image/gif, image/jpeg, */*; q=0.2', 'xml'],
  ['text/html', undefined],
])('an instance for Accept %j is %s', (accept, format) => {
  expect(entityFormat(accept)).toBe(format);
});

test.each([
  ['text/html', false],
  ['text/*', false],
  ['text/json', false],
  ['image/png', false],
  ['application/vnd.foo+json', false],
  ['nothing', false],
  ['', true],
  ['APPLICATION/JSON', true],
  ['text/html, */*;q=0.1', true],
])('Accept %j is served: %s', (accept, served) => {
  expect(acceptable(accept)).toBe(served);
});

test.each([
  ['application/json', 'json'],
  ['application/json; charset=utf-8', 'json'],
  ['Application/XML;charset=ISO-8859-1', 'xml'],
  ['application/json;charset=utf-16', 'unsupported'],
  ['application/json; Charset = "UTF-8"', 'json'],
  ['application/json;charset="', 'unsupported'],
  ['application/json;charset=', 'unsupported'],
  ['application/json;q;charset', 'json'],
  ['application/*', 'xml'],
  ['*/*', 'xml'],
  ['text/plain', 'unsupported'],
  [undefined, 'unsupported'],
  ['json', 'malformed'],
  ['', 'malformed'],
])('a body labelled %j is %s', (type, format) => {
  expect(bodyFormat(type).is).toBe(format);
});

test('a header of spaces is read in one pass', () => {
  const spaces = ' '.repeat(200_000);
  const begun = performance.now();
  expect(bodyFormat(`application/json;charset=${spaces}x y`).is).toBe('unsupported');
  expect(acceptable(`a/b;q=${spaces}x,${spaces}`)).toBe(false);
  expect(entityFormat(`application/json;q=${spaces}x`)).toBe('json');
  expect(performance.now() - begun).toBeLessThan(200);
});

test('gzip is told by substring, compact in any case', () => {
  expect(representation('application/json', 'COMPACT', 'x-gzip')).toEqual({
    format: 'json',
    form: 'compact',
    encoding: 'gzip',
  });
  expect(representation(undefined, 'small', 'GZIP, *').encoding).toBe('identity');
});

test('ETags are compared weakly, in lists too', () => {
  expect(matches('W/"a.1-all"', 'W/"a.1-all"')).toBe(true);
  expect(matches('"x", "a.1-all"', 'W/"a.1-all"')).toBe(true);
  expect(matches('*', 'W/"a.1-all"')).toBe(true);
  expect(matches('W/"a.2-all"', 'W/"a.1-all"')).toBe(false);
  expect(matches(undefined, 'W/"a.1-all"')).toBe(false);
});
