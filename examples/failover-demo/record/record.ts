/**
 * Runs the demo in a terminal that nobody sees, and keeps what it drew: its pictures as an SVG, its summary in a page between `<!-- demo -->`
 * and `<!-- /demo -->`. A run with a failed call is not kept.
 *
 *     npm run record-demo        (docs/demo.svg and README.md)
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inTerminal } from '../../support/pseudo-terminal.ts';
import type { Line } from '../live/frame.ts';
import { SCRIPT } from '../script.ts';
import { picturesOf, svg } from './svg.ts';

const SIZE = { columns: 118, rows: 32 };
const SHOW_MS = 2_500;
/** Of each event: as it begins to be felt, and as it ends. */
const PICTURES_PER_EVENT = 2;
/** The picture that stands where nothing moves: at the end of the first event that hurts. */
const STILL = 3;

const [image, page] = process.argv.slice(2);
if (image === undefined || page === undefined) throw new Error('usage: record <image.svg> <page.md>');
const demo = fileURLToPath(new URL(`../main${extname(import.meta.url)}`, import.meta.url));
const { CI: _, ...env } = process.env;
const terminal = inTerminal([process.execPath, ...process.execArgv, demo], { ...SIZE, env });
const code = await terminal.ended;
const drawn = terminal.output();
if (code !== 0) throw new Error(`the demo ended with exit code ${code}:\n${drawn.slice(-2_000)}`);

const pictures = SCRIPT.flatMap((_, index) => chosen(picturesOf(drawn), index + 1));
writeFileSync(image, svg(pictures, STILL, SHOW_MS));
const summary = drawn
  .slice(drawn.lastIndexOf('\u001b[?1049l') + '\u001b[?1049l'.length)
  .replaceAll('\r', '')
  .trim();
const block = summary.split('\n').map((line) => (line === '' ? '' : `    ${line}`));
writeFileSync(page, withBlock(readFileSync(page, 'utf8'), block.join('\n')));
console.log(`${image}: ${pictures.length} pictures; ${page}: the summary`);

/** The first and the last third's last of one event's pictures. */
function chosen(all: readonly (readonly Line[])[], event: number): (readonly Line[])[] {
  const own = all.filter(([title]) => title?.some(({ text }) => text.includes(`event ${event} of `)));
  if (own.length < PICTURES_PER_EVENT) throw new Error(`event ${event} was drawn ${own.length} times`);
  return [own[Math.floor(own.length / 4)]!, own.at(-1)!];
}

function withBlock(text: string, block: string): string {
  const marked = /<!-- demo -->[\s\S]*<!-- \/demo -->/;
  if (!marked.test(text)) throw new Error(`${page} has no place between <!-- demo --> and <!-- /demo -->`);
  return text.replace(marked, () => `<!-- demo -->\n\n${block}\n\n<!-- /demo -->`);
}
