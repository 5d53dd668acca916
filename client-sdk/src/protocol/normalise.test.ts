import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DecodeError } from './decode-error.ts';
import {
  boundedText,
  dataCenterOf,
  int32Of,
  leaseOf,
  MAX_TEXT,
  MetadataBuilder,
  statusOf,
  timestampOf,
} from './normalise.ts';

test('text is bounded, and half a surrogate pair becomes a replacement character', () => {
  expect(boundedText('a\ud83d', 'x')).toBe('a\ufffd');
  expect(boundedText('v'.repeat(MAX_TEXT), 'x')).toHaveLength(MAX_TEXT);
  expect(() => boundedText('v'.repeat(MAX_TEXT + 1), 'instance.sid')).toThrow(
    'instance.sid must have at most 8192 characters, got 8193',
  );
});

test.each([
  ['UP', 'UP'],
  ['out_of_service', 'OUT_OF_SERVICE'],
  ['', 'UNKNOWN'],
  [' UP', 'UNKNOWN'],
  ['toString', 'UNKNOWN'],
  ['__proto__', 'UNKNOWN'],
])('the text %j is the status %s', (text, status) => {
  expect(statusOf(text)).toBe(status);
});

test.each([
  [8080.9, 8080],
  [-1, -1],
  [Number.NaN, 0],
  [-0, 0],
  [-0.5, 0],
  [2 ** 31 - 1, 2 ** 31 - 1],
  [-(2 ** 31), -(2 ** 31)],
])('%d as an integer of 32 bits is %d', (value, integer) => {
  expect(int32Of(value, 'x')).toBe(integer);
});

test.each([2 ** 31, -(2 ** 31) - 1, Number.POSITIVE_INFINITY])('%d is no integer of 32 bits', (value) => {
  expect(() => int32Of(value, 'instance.port.$')).toThrow(DecodeError);
});

test('a timestamp is whole and exact, or it is what the caller says instead', () => {
  expect(timestampOf(1000.7, 5)).toBe(1000);
  expect(timestampOf(-0.5, 5)).toBe(0);
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    expect(timestampOf(value, 5)).toBe(5);
    expect(timestampOf(value, undefined)).toBeUndefined();
  }
});

test('whatever lease a client asks for, both its times are whole seconds above 0', () => {
  fc.assert(
    fc.property(fc.double(), fc.double(), (interval, duration) => {
      const lease = leaseOf(interval, duration);
      for (const secs of [lease.renewalIntervalInSecs, lease.durationInSecs]) {
        expect(Number.isInteger(secs) && secs >= 1 && secs < 2 ** 31).toBe(true);
      }
    }),
  );
  expect(leaseOf(0.5, -3)).toMatchObject({ renewalIntervalInSecs: 30, durationInSecs: 90 });
  expect(leaseOf(5, 10.9)).toMatchObject({ renewalIntervalInSecs: 5, durationInSecs: 10 });
});

test('Amazon always has metadata, the others never', () => {
  expect(dataCenterOf('Amazon', undefined, 'x')).toEqual({ name: 'Amazon', metadata: {} });
  expect(dataCenterOf('MyOwn', { a: 'b' }, 'x')).toEqual({ name: 'MyOwn' });
  expect(() => dataCenterOf('constructor', undefined, 'instance.dataCenterInfo')).toThrow(
    'instance.dataCenterInfo.name must be one of MyOwn, Amazon, Netflix, got "constructor"',
  );
});

test('metadata is counted as a whole, keys and values, and @class is not kept', () => {
  const builder = new MetadataBuilder('instance.metadata', 6);
  builder.add('@class', 'java.util.Collections$EmptyMap');
  builder.add('ab', 'c');
  builder.add('d\udc00', '');
  expect(builder.entries).toEqual({ ab: 'c', 'd\ufffd': '' });
  expect(() => builder.add('e', 'f')).toThrow('instance.metadata must have at most 6 characters in keys and values');
});

test('names of the prototype are keys like others', () => {
  const builder = new MetadataBuilder('x');
  builder.add('__proto__', 'a');
  builder.add('constructor', 'b');
  expect(Object.entries(builder.entries)).toEqual([
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ]);
  expect(Object.getPrototypeOf(builder.entries)).toBeNull();
});
