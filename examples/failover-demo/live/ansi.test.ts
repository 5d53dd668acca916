import { expect, test } from 'vitest';
import { painted } from './ansi.ts';

test('a picture begins in the corner, each line clears its rest, and nothing of an older picture stays below', () => {
  const drawn = painted([[{ text: 'up', style: 'good' }], [{ text: 'plain', style: 'plain' }]], 80);
  expect(drawn).toBe('\u001b[H\u001b[32mup\u001b[0m\u001b[K\r\nplain\u001b[K\u001b[J');
});

test('a line is cut at the right edge, also inside a styled part', () => {
  const line = [
    { text: '12345', style: 'plain' },
    { text: '67890', style: 'bad' },
    { text: 'gone', style: 'plain' },
  ] as const;
  expect(painted([line], 8)).toBe('\u001b[H12345\u001b[1;31m678\u001b[0m\u001b[K\u001b[J');
  expect(painted([line], 5)).toBe('\u001b[H12345\u001b[K\u001b[J');
});
