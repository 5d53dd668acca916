/** Results as Markdown, the way they stand in `docs/benchmarks.md`. */
import type { Compared } from './compare.ts';
import type { Spread } from './statistics.ts';

export type Cell = string | number;

/** Prints a table; the first column is left-aligned. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const line = (cells: readonly Cell[]): string => `| ${cells.join(' | ')} |`;
  console.log([line(head), line(head.map((_, index) => (index === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n'));
  console.log();
}

export function title(text: string): void {
  console.log(`\n### ${text}\n`);
}

export function note(text: string): void {
  console.log(`${text}\n`);
}

export const COMPARED_HEAD = ['', 'CPU us a request', 'of bare, by CPU', 'requests/s', 'of bare, by rate', 'p99 ms'];

export function comparedRow({ name, cpuUs, byCpu, rate, byRate, p99 }: Compared): readonly Cell[] {
  return [
    name,
    cpuUs === undefined ? 'unknown' : number(cpuUs.median),
    byCpu === undefined ? 'unknown' : ratio(byCpu),
    number(rate.median),
    ratio(byRate),
    number(p99.median),
  ];
}

/** Median, and what it lay between. */
export function ratio({ median, least, most }: Spread): string {
  return `**${median.toFixed(2)}** (${least.toFixed(2)}-${most.toFixed(2)})`;
}

/** Three significant digits, never an exponent. */
export function number(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value.toPrecision(value >= 1 ? 3 : 2);
}
