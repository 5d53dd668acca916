/**
 * Writes the server's part of docs/configuration.md from the option table; a test fails when the page is stale.
 *
 *     npx tsx --conditions=heureka-source registry-server/scripts/configuration-page.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { OPTION_TABLE, type OptionRow } from '../src/option-table.ts';

export const PAGE = new URL('../../docs/configuration.md', import.meta.url);
const BEGIN = '<!-- server options: made by registry-server/scripts/configuration-page.ts -->';
const END = '<!-- end of server options -->';

/** The page with its server part made anew; what stands around it stays. @throws when the page has no such part */
export function withServerOptions(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`docs/configuration.md has no part between ${BEGIN} and ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${serverOptions()}\n${page.slice(end)}`;
}

function serverOptions(): string {
  const rows = Object.values<OptionRow>(OPTION_TABLE).map((row) =>
    cells(`\`--${row.flag}\``, `\`${row.env}\``, accepted(row), defaultOf(row), row.help, row.why, eurekaName(row)),
  );
  const head = cells('flag', 'variable', 'takes', 'default', 'what it does', 'why this default', 'Eureka');
  return [head, cells(...Array.from({ length: 7 }, () => '---')), ...rows, ''].join('\n');
}

function cells(...texts: readonly string[]): string {
  return `| ${texts.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
}

function accepted(row: OptionRow): string {
  switch (row.kind) {
    case 'switch':
      return 'true or false';
    case 'choice':
      return row.choices!.map((choice) => `\`${choice}\``).join(', ');
    case 'text':
      return row.pattern?.says ?? 'a text';
    case 'integer':
    case 'number': {
      const what = row.kind === 'integer' ? 'whole number' : 'number';
      const range = row.max === undefined ? `${row.min ?? 0} or more` : `${row.min ?? 0} to ${row.max}`;
      return `${what}, ${range}${row.unit === undefined ? '' : ` (${row.unit})`}`;
    }
  }
}

function defaultOf(row: OptionRow): string {
  if (row.default === undefined) return 'none';
  return row.default === '' ? 'empty' : `\`${row.default}\``;
}

/** Its name, and what stands in brackets behind it as plain text. */
function eurekaName({ eureka }: OptionRow): string {
  if (eureka === undefined) return '';
  const [name = '', ...rest] = eureka.split(' ');
  return [`\`${name}\``, ...rest].join(' ');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(PAGE, withServerOptions(readFileSync(PAGE, 'utf8')));
}
