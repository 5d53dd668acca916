/** The Markdown pages of the repository, and what can be checked in them: links, headings, blocks of code, commands. Pure but for reading. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

export interface Block {
  /** `ts`, `sh`, or '' for one that says nothing. */
  readonly language: string;
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
}

export interface Page {
  /** From the root, such as `docs/README.md`. */
  readonly name: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

/** README, CONTRIBUTING, CHANGELOG, everything in docs/ and the README of each example. */
export function pages(): readonly Page[] {
  const names = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...markdownIn('docs'), ...markdownIn('examples')];
  return names.map((name) => {
    const text = readFileSync(join(ROOT, name), 'utf8');
    return { name, text, blocks: blocksOf(text) };
  });
}

function markdownIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((name) => !name.includes('node_modules') && !name.includes('/dist/'));
}

/** Fenced ones, and those that are indented by four. */
export function blocksOf(text: string): readonly Block[] {
  const blocks: Block[] = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const fence = /^```(\w*)/.exec(lines[at]!);
    const isIndented = /^ {4}\S/.test(lines[at]!) && (at === 0 || lines[at - 1] === '');
    if (fence === null && !isIndented) continue;
    const from = fence === null ? at : at + 1;
    let end = from;
    const goesOn = (line: string): boolean =>
      fence === null
        ? line.startsWith('    ') || (line === '' && lines[end + 1]?.startsWith('    ') === true)
        : !line.startsWith('```');
    while (end < lines.length && goesOn(lines[end]!)) end++;
    const own = lines.slice(from, end).map((line) => (fence === null ? line.slice(4) : line));
    blocks.push({ language: fence?.[1] ?? '', text: own.join('\n'), line: from + 1 });
    at = end;
  }
  return blocks;
}

/** Targets of links and pictures, outside code. */
export function linksOf({ text }: Pick<Page, 'text'>): readonly string[] {
  const prose = text
    .replaceAll(/```[\s\S]*?```/g, '')
    .replaceAll(/^ {4}.*$/gm, '')
    .replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target]) => target!);
}

/** As GitHub names them. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => heading!);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** Commands of a page: each line of a `sh` block, and lines of other blocks that begin as one. Without what a comment says. */
export function commandsOf({ blocks }: Pick<Page, 'blocks'>): readonly string[] {
  return blocks
    .filter(({ language }) => language === '' || language === 'sh')
    .flatMap(({ language, text }) =>
      text
        .replaceAll(/\\\n\s*/g, ' ')
        .split('\n')
        .filter((line) => (language === 'sh' ? line.trim() !== '' : /^(npm|npx|node|curl|heureka-server) /.test(line))),
    )
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
}
