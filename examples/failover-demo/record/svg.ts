/**
 * Pictures of a terminal as one SVG that shows them in turn: pure, from what a program drew. It understands what `live/ansi.ts` writes, no more:
 * a picture at a time, and the styles of its table.
 */
import { HOME, STYLE_CODES } from '../live/ansi.ts';
import type { Line, Segment, Style } from '../live/frame.ts';

const CELL = { width: 8.4, height: 18 };
const PADDING = 14;
/** A terminal's colours on a dark background. */
const COLOURS: Readonly<Record<Style, string>> = {
  plain: 'fill:#d8dee4',
  dim: 'fill:#8b949e',
  bold: 'fill:#ffffff;font-weight:bold',
  good: 'fill:#56d364',
  warn: 'fill:#e3b341',
  bad: 'fill:#ff7b72;font-weight:bold',
  title: 'fill:#79c0ff;font-weight:bold',
};
const BACKGROUND = '#0d1117';
const STYLES = new Map(Object.entries(STYLE_CODES).map(([style, code]) => [code, style as Style]));

/** All whole pictures that were drawn, in order. */
export function picturesOf(drawn: string): readonly (readonly Line[])[] {
  return drawn
    .split(HOME)
    .slice(1)
    .filter((text) => text.includes('\u001b[J'))
    .map((text) => text.slice(0, text.indexOf('\u001b[J')).split(/\r*\n/).map(lineOf));
}

function lineOf(text: string): Line {
  const segments: Segment[] = [];
  let style: Style = 'plain';
  for (const [, code, command, plain] of text.matchAll(/\u001b\[([0-9;]*)([A-Za-z])|([^\u001b]+)/g)) {
    if (plain !== undefined) segments.push({ text: plain.replaceAll('\r', ''), style });
    else if (command === 'm') style = code === '0' ? 'plain' : (STYLES.get(code!) ?? 'plain');
  }
  return segments.filter((segment) => segment.text !== '');
}

/**
 * @param pictures - shown one after another, for ever
 * @param still - which one stands where nothing moves
 * @param showMs - how long each is shown
 */
export function svg(pictures: readonly (readonly Line[])[], still: number, showMs: number): string {
  const columns = Math.max(...pictures.flat().map((line) => line.reduce((sum, { text }) => sum + text.length, 0)));
  const rows = Math.max(...pictures.map((lines) => lines.length));
  const width = Math.ceil(columns * CELL.width + 2 * PADDING);
  const height = rows * CELL.height + 2 * PADDING;
  const seconds = (pictures.length * showMs) / 1_000;
  const shownPercent = (100 / pictures.length).toFixed(3);
  const style = [
    'text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:14px;white-space:pre}',
    ...Object.entries(COLOURS).map(([name, rule]) => `.${name}{${rule}}`),
    `.p{visibility:hidden;animation:p ${seconds}s step-end infinite}.still{visibility:visible}`,
    `@keyframes p{0%{visibility:visible}${shownPercent}%{visibility:hidden}100%{visibility:hidden}}`,
    '@media(prefers-reduced-motion:reduce){.p{animation:none}}',
  ].join('\n');
  const groups = pictures.map((lines, index) => {
    // Negative: the animation has always been running, so that one picture is shown at any time.
    const delay = (index * showMs) / 1_000 - seconds;
    const kind = index === still ? 'p still' : 'p';
    return `<g class="${kind}" style="animation-delay:${delay}s">\n${lines.map(textOf).filter(Boolean).join('\n')}\n</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    '<title>The failover demo, recorded from a run</title>',
    `<style>${style}</style>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${BACKGROUND}"/>`,
    ...groups,
    '</svg>\n',
  ].join('\n');
}

function textOf(line: Line, row: number): string {
  let column = 0;
  const spans = line.map(({ text, style }) => {
    const x = (PADDING + column * CELL.width).toFixed(1);
    column += text.length;
    // Each run has its own place: no font's width can push the columns apart.
    return text.trim() === '' ? '' : `<tspan x="${x}" class="${style}">${escaped(text)}</tspan>`;
  });
  const y = PADDING + (row + 0.75) * CELL.height;
  return spans.every((span) => span === '') ? '' : `<text y="${y}">${spans.join('')}</text>`;
}

function escaped(text: string): string {
  // Spaces at the ends of a run would be dropped.
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll(' ', '\u00a0');
}
