/** What the pages say is so: links lead somewhere, code compiles, commands and options exist, made pages are fresh. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { helpText, readCommandLine } from '../../registry-server/src/options.ts';
import { anchorsOf, blocksOf, commandsOf, linksOf, pages, ROOT } from './pages.ts';
import { sdkOptions } from './sdk-options.ts';
import { sdkOptionsPage } from './sdk-options-page.ts';
import { typeErrorsOf } from './typed-blocks.ts';

const PAGES = pages();
const scripts = new Set(
  Object.keys((JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object }).scripts),
);

test('the page of the options of the SDK is what `npm run docs` would write', () => {
  expect(readFileSync(join(ROOT, 'docs/configuration-sdk.md'), 'utf8')).toBe(sdkOptionsPage());
});

test('an option without a sentence cannot be left out of the page, nor can a sentence outlive its option', () => {
  const [first, ...rest] = sdkOptions();
  const added = { name: 'brandNew', type: 'boolean', default: undefined, why: undefined };
  expect(() => sdkOptionsPage([{ ...first!, options: [...first!.options, added] }, ...rest])).toThrow(
    'DiscoveryOptions.brandNew has no sentence',
  );
  expect(() => sdkOptionsPage([{ ...first!, options: first!.options.slice(1) }, ...rest])).toThrow(
    'DiscoveryOptions.registry is no option',
  );
});

test('links lead to files and headings that are there', () => {
  const broken = PAGES.flatMap((page) =>
    linksOf(page)
      .filter((target) => !/^(https?|mailto):/.test(target))
      .filter((target) => {
        const [file, anchor] = target.split('#');
        const path = file === '' ? page.name : join(dirname(page.name), file!);
        if (!existsSync(join(ROOT, path))) return true;
        return anchor !== undefined && !anchorsOf(readFileSync(join(ROOT, path), 'utf8')).has(anchor);
      })
      .map((target) => `${page.name}: ${target}`),
  );
  expect(broken).toEqual([]);
});

test('the index names every page', () => {
  const index = linksOf(PAGES.find(({ name }) => name === 'docs/README.md')!);
  const missing = PAGES.map(({ name }) => /^docs\/([\w-]+\.md)$/.exec(name)?.[1]).filter(
    (name) => name !== undefined && name !== 'README.md' && !index.includes(name),
  );
  expect(missing).toEqual([]);
});

test('code blocks compile against what the packages export', () => {
  expect(PAGES.flatMap(({ blocks }) => blocks).filter(({ language }) => language === 'ts').length).toBeGreaterThan(5);
  expect(typeErrorsOf(PAGES)).toEqual([]);
}, 60_000);

test('a code block that does not compile is found, with its page and line', () => {
  const text = 'text\n\n```ts\nconst discovery = 1;\nconst name: string = discovery;\n```\n';
  expect(typeErrorsOf([{ name: 'some.md', blocks: blocksOf(text) }])).toEqual([
    "some.md:5: Type 'number' is not assignable to type 'string'.",
  ]);
});

/** Tools that are not ours: nothing here can check them. */
const FOREIGN =
  /^(curl|redis-cli|redis-server|docker|kubectl|kill|git|cd|export|openssl|systemctl|wrk|mkdir|cat|echo|sleep) ?/;

/** @returns what is wrong with a command, or undefined */
function problem(command: string): string | undefined {
  const words = command.split(/\s+/).filter((word) => !/^[A-Z_]+=/.test(word));
  const [program, first = '', second = ''] = words;
  if (program === 'npm') {
    if (['ci', 'cit', 'test', 'install', 'start'].includes(first)) {
      return first === 'start' ? serverProblem(words.slice(words.indexOf('--') + 1)) : undefined;
    }
    return first === 'run' && scripts.has(second) ? undefined : 'no such script';
  }
  if (program === 'heureka-server') return serverProblem(words.slice(1));
  if (program === 'npx' && first === 'heureka-server') return serverProblem(words.slice(2));
  if (program === 'npx' && first === 'vitest') return fileProblem(words.slice(3));
  if (program === 'npx' && first === 'tsx') return fileProblem(words.filter((word) => word.endsWith('.ts')));
  if (program === 'node' && first.startsWith('examples/dist/')) {
    return fileProblem([first.replace('examples/dist/', 'examples/').replace(/\.js$/, '.ts')]);
  }
  return FOREIGN.test(command) ? undefined : 'nobody knows how to check it: see test/docs/docs.test.ts';
}

function fileProblem(files: readonly string[]): string | undefined {
  const missing = files.filter((file) => !file.startsWith('-') && !existsSync(join(ROOT, file)));
  return missing.length === 0 ? undefined : `no such file: ${missing.join(', ')}`;
}

function serverProblem(args: readonly string[]): string | undefined {
  try {
    readCommandLine(
      args.filter((arg) => arg !== '&'),
      {},
    );
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

test('commands name scripts, files and options that exist', () => {
  const wrong = PAGES.flatMap((page) =>
    commandsOf(page)
      .flatMap((line) => line.split(/ (?:&&|;) /))
      .map((command) => ({ command, what: problem(command) }))
      .filter(({ what }) => what !== undefined)
      .map(({ command, what }) => `${page.name}: ${command}: ${what}`),
  );
  expect(wrong).toEqual([]);
});

test.each(['npm run nothing', 'npx heureka-server --prot 1', 'npx vitest run no/such/folder', 'frobnicate'])(
  '`%s` in a page would be found',
  (command) => {
    expect(problem(command)).toBeDefined();
  },
);

test('every option of the server that a page names exists', () => {
  const help = helpText();
  const own = PAGES.filter(({ name }) => /^(README|docs\/(?!benchmarks|decisions)|examples\/three)/.test(name));
  const named = own.flatMap(({ text }) =>
    [...text.matchAll(/heureka-server[^\n`]*?(--[a-z-]+)/g)].map(([, flag]) => flag!),
  );
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((flag) => !help.includes(flag) && flag !== '--help')).toEqual([]);
});

test('the two commands of the README are what .ci/run does in a clean clone', () => {
  const readme = commandsOf(PAGES.find(({ name }) => name === 'README.md')!);
  expect(readme).toContain('npm ci && npm run demo');
  expect(readme).toContain('npm cit');
  const ci = readFileSync(join(ROOT, '.ci/run'), 'utf8');
  for (const command of ['npm cit', 'npm run demo']) expect(ci).toContain(command);
});

test('the README shows the summary of a run in which no call failed', () => {
  const { text } = PAGES.find(({ name }) => name === 'README.md')!;
  const block = text.slice(text.indexOf('<!-- demo -->'), text.indexOf('<!-- /demo -->'));
  const rows = block.split('\n').filter((line) => / ms +([\d.]+ s|not yet)/.test(line));
  expect(rows).toHaveLength(7);
  for (const row of rows) expect(row).toMatch(/ {2}\d+ +0 +\d+ ms /);
  expect(block).toMatch(/\d+ calls in \d+ s, 0 failed/);
});
