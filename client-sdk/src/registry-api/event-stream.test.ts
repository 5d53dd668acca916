import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventStreamParser, EventTooLarge, type ServerSentEvent } from './event-stream.ts';

function parsed(...pieces: readonly string[]): ServerSentEvent[] {
  const events: ServerSentEvent[] = [];
  const parser = new EventStreamParser((event) => events.push(event));
  for (const piece of pieces) parser.push(piece);
  return events;
}

test('fields, comments and all three ends of lines, as the standard has them', () => {
  expect(parsed('id: 1\r\nevent: delta\rdata: a\ndata:b\ndata\ndata:  c\r\n\r\n')).toEqual([
    { event: 'delta', data: 'a\nb\n\n c', id: '1' },
  ]);
  expect(parsed('data: x\n\n')).toEqual([{ event: 'message', data: 'x', id: undefined }]);
  expect(parsed(': alive\nid: 7\n\n', ':\n\n')).toEqual([
    { event: undefined, data: '', id: '7' },
    { event: undefined, data: '', id: undefined },
  ]);
  expect(parsed('event: bye\n\n')).toEqual([{ event: undefined, data: '', id: undefined }]);
  expect(parsed('\n\n\n', 'data: unfinished\n')).toEqual([]);
  expect(parsed('id: a\0b\ndata: x\n\n')).toEqual([{ event: 'message', data: 'x', id: undefined }]);
});

test('however a stream is cut into pieces, the events are the same', () => {
  const line = fc.constantFrom('data: x', 'event: delta', 'id: e.1', ': alive', '', '', 'data', 'retry: 5', 'other: y');
  const end = fc.constantFrom('\n', '\r\n', '\r');
  const text = fc
    .array(fc.tuple(line, end))
    .map((lines) => `${lines.map((parts) => parts.join('')).join('')}data: z\n\n`);
  fc.assert(
    fc.property(text, fc.array(fc.nat(200)), (whole, cuts) => {
      const at = [...new Set([0, ...cuts.map((cut) => Math.min(cut, whole.length)), whole.length])].sort(
        (a, b) => a - b,
      );
      const pieces = at.slice(1).map((to, index) => whole.slice(at[index], to));
      expect(parsed(...pieces)).toEqual(parsed(whole));
    }),
  );
});

test('an event without end is refused at its limit, whether it is one line or many', () => {
  for (const piece of ['x'.repeat(10), 'data: x\n']) {
    const parser = new EventStreamParser(() => undefined, 1_000);
    expect(() => {
      for (let time = 0; time < 1_000; time++) parser.push(piece);
    }).toThrow(EventTooLarge);
  }
});

test('time grows with the text: a long line in small pieces is joined once', () => {
  let size = 0;
  const parser = new EventStreamParser(({ data }) => {
    size = data.length;
  });
  parser.push('data: ');
  const startedAt = performance.now();
  const piece = 'x'.repeat(16);
  for (let time = 0; time < 500_000; time++) parser.push(piece);
  parser.push('\n\n');
  expect(size).toBe(8_000_000);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
