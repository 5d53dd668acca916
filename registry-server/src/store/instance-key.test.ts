import fc from 'fast-check';
import { expect, test } from 'vitest';
import { instanceKey, splitKey } from './instance-key.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom(...`AZ09_-.~!*'()/%+ $äöü\n\ud800`) }),
);

test('every application is percent-encoded, the plain names too, and both parts come back', () => {
  fc.assert(
    fc.property(text, text, (app, id) => {
      const key = instanceKey(app, id);
      expect(key).toBe(`${encodeURIComponent(app.toWellFormed())}/${id}`);
      expect(splitKey(key)).toEqual({ app: app.toWellFormed(), id });
    }),
    { numRuns: 2_000 },
  );
});
