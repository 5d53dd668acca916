import { expect, test } from 'vitest';
import { painted } from '../live/ansi.ts';
import type { Line } from '../live/frame.ts';
import { picturesOf, svg } from './svg.ts';

const FIRST: readonly Line[] = [
  [
    { text: 'a1 ', style: 'plain' },
    { text: 'killed', style: 'bad' },
  ],
  [],
  [{ text: 'help', style: 'dim' }],
];
const SECOND: readonly Line[] = [[{ text: '<&>', style: 'good' }]];

test('what was painted is read back as it was, also through a terminal that doubles line ends', () => {
  const drawn = `\u001b[?1049h${painted(FIRST, 80)}${painted(SECOND, 80)}\u001b[?1049l`.replaceAll('\r\n', '\r\r\n');
  expect(picturesOf(drawn)).toEqual([FIRST, SECOND]);
});

test('a picture that was cut off is left out', () => {
  expect(picturesOf(painted(FIRST, 80) + painted(SECOND, 80).slice(0, 10))).toEqual([FIRST]);
});

test('an SVG has each picture as a group of placed runs, its text escaped, one of them standing still', () => {
  const text = svg([FIRST, SECOND], 1, 2_000);
  expect(text.match(/<g /g)).toHaveLength(2);
  expect(text).toContain('<tspan x="14.0" class="plain">a1\u00a0</tspan><tspan x="39.2" class="bad">killed</tspan>');
  expect(text).toContain('&lt;&amp;&gt;');
  expect(text).toContain('<g class="p still" style="animation-delay:-2s">');
  expect(text).toContain('animation:p 4s');
});
