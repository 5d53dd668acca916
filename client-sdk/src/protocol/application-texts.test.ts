import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applicationTexts } from './application-texts.ts';

/** All parts, and the shell. */
function cut(document: string): { readonly parts: readonly string[]; readonly shell: string | undefined } {
  const texts = applicationTexts(document);
  const parts: string[] = [];
  for (let next = texts.next(); ; next = texts.next()) {
    if (next.done) return { parts, shell: next.value };
    parts.push(next.value);
  }
}

test('what is cut and put together again is the document, whatever stands in its texts', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('"', '\\', '\\"', ']}', '{"name":"', '","instance":[', '\u2028'));
  const application = fc.record({
    name: text,
    instance: fc.array(fc.dictionary(text, fc.oneof(text, fc.array(text)))),
  });
  fc.assert(
    fc.property(fc.array(application), fc.boolean(), (application, spaced) => {
      const document = { applications: { versions__delta: '1', apps__hashcode: 'UP_1_', application } };
      const { parts, shell } = cut(JSON.stringify(document, null, spaced ? 2 : undefined));
      expect(parts.map((part) => JSON.parse(part))).toEqual(JSON.parse(JSON.stringify(application)));
      expect(JSON.parse(shell!)).toEqual({ applications: { ...document.applications, application: [] } });
    }),
  );
});

test('a document of another shape is not cut', () => {
  const shapes = [
    '',
    'null',
    '[]',
    '{"applications":{"versions__delta":"1"}}',
    '{"applications":{"application":{"name":"A"}}}',
    '{"applications":{"application":[[]]}}',
    '{"applications":{"application":[{"name":"A"}',
    '{"applications":{"application":[{"name":"A]}',
    '{"applications":{"application":[{"name":"A\\"',
    '{"applications":{"deep":{},"application":[]}}',
    '{"application":[]}',
  ];
  for (const shape of shapes) expect(cut(shape).shell, shape).toBeUndefined();
});

test('any text is cut or left alone, and never takes long', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      const document = `{"applications":{"application":[${text}`;
      const { parts, shell } = cut(document);
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      expect(length + (shell?.length ?? 0)).toBeLessThanOrEqual(document.length);
    }),
  );
  const began = performance.now();
  cut(`{"applications":{"application":[${'{"'.repeat(200_000)}`);
  cut(`{"applications":{"application":["${'\\'.repeat(400_000)}"`);
  expect(performance.now() - began).toBeLessThan(2_000);
});
