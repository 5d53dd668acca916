/** Styled lines as text with ANSI escape codes: pure. Sixteen colours alone, so that it looks right on every terminal and its theme. */
import type { Line, Style } from './frame.ts';

/** Select Graphic Rendition, ECMA-48 8.3.117. */
export const STYLE_CODES: Readonly<Record<Style, string>> = {
  plain: '',
  dim: '2',
  bold: '1',
  good: '32',
  warn: '33',
  bad: '1;31',
  title: '7;1',
};

/** From the upper left corner, over what was there. */
export const HOME = '\u001b[H';
const TO_END_OF_LINE = '\u001b[K';
const TO_END_OF_SCREEN = '\u001b[J';

/** One picture: each line cut at the right edge, where a terminal would wrap it. */
export function painted(lines: readonly Line[], columns: number): string {
  return `${HOME}${lines.map((line) => cut(line, columns) + TO_END_OF_LINE).join('\r\n')}${TO_END_OF_SCREEN}`;
}

function cut(line: Line, columns: number): string {
  let left = columns;
  let text = '';
  for (const segment of line) {
    if (left <= 0) break;
    const shown = segment.text.slice(0, left);
    left -= shown.length;
    const code = STYLE_CODES[segment.style];
    text += code === '' ? shown : `\u001b[${code}m${shown}\u001b[0m`;
  }
  return text;
}
