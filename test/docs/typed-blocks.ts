/**
 * Type-checks the `ts` blocks of pages as a user's compiler would: against what the packages export. A block may use a few names that its page
 * does not declare (`server`, `discovery`); what they are is said here.
 */
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { type Page, ROOT } from './pages.ts';

/** Names that a block may take for granted, unless it declares them. */
const GIVEN: Readonly<Record<string, string>> = {
  server: "declare const server: import('node:http').Server;",
  discovery: "declare const discovery: import('@heureka/client-sdk').Discovery;",
  orderId: 'declare const orderId: string;',
  customerId: 'declare const customerId: string;',
};

/** @returns each complaint as `page:line: message` */
export function typeErrorsOf(pages: readonly Pick<Page, 'name' | 'blocks'>[]): readonly string[] {
  const files = new Map<string, { readonly text: string; readonly where: (line: number) => string }>();
  for (const { name, blocks } of pages) {
    for (const { language, text, line } of blocks) {
      if (language !== 'ts') continue;
      const head = headOf(text);
      const headLines = head.split('\n').length - 1;
      // Beside the tests: packages are found from here as from a user's program.
      const path = join(ROOT, 'test/docs', `${name.replaceAll(/\W/g, '-')}-${line}.ts`);
      files.set(path, { text: head + text, where: (at) => `${name}:${line + at - headLines}` });
    }
  }
  return checked(files);
}

function headOf(text: string): string {
  const needed = Object.entries(GIVEN).filter(
    ([name]) =>
      new RegExp(`\\b${name}\\b`).test(text) &&
      !new RegExp(`(const|let|var|function|class)\\s+(\\{[^}]*)?\\b${name}\\b`).test(text),
  );
  return `${needed.map(([, declaration]) => declaration).join(' ')} export {};\n`;
}

function checked(
  files: ReadonlyMap<string, { readonly text: string; readonly where: (line: number) => string }>,
): readonly string[] {
  const options = compilerOptions();
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path)?.text ?? readFile(path);
  host.getSourceFile = (path, version, ...rest) => {
    const text = files.get(path)?.text;
    return text === undefined ? getSourceFile(path, version, ...rest) : ts.createSourceFile(path, text, version, true);
  };
  const program = ts.createProgram([...files.keys(), join(ROOT, 'test/interop/eureka-js-client.d.ts')], options, host);
  return [...files].flatMap(([path, { where }]) => {
    const source = program.getSourceFile(path)!;
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map((problem) => {
      const { line } = source.getLineAndCharacterOfPosition(problem.start ?? 0);
      return `${where(line)}: ${ts.flattenDiagnosticMessageText(problem.messageText, ' ')}`;
    });
  });
}

function compilerOptions(): ts.CompilerOptions {
  const path = resolve(ROOT, 'tsconfig.json');
  const { config } = ts.readConfigFile(path, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(path));
  // A page shows a part: what it declares may be used by what it leaves out.
  return { ...options, noUnusedLocals: false, noUnusedParameters: false };
}
