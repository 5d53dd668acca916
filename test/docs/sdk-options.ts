/**
 * The SDK's options as its sources have them: names and types from `api.ts`, defaults and their reasons from the tables of defaults. Read from
 * the source text, so that the page cannot say anything else.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const SDK = resolve(import.meta.dirname, '../../client-sdk/src');

export interface SdkOption {
  readonly name: string;
  readonly type: string;
  /** As written in the table of defaults; undefined: it has none there. */
  readonly default: string | undefined;
  /** The comment above the default. */
  readonly why: string | undefined;
}

export interface OptionGroup {
  readonly type: string;
  readonly options: readonly SdkOption[];
  /** All of the table of defaults, by name, as written. */
  readonly defaults: ReadonlyMap<string, string>;
}

/** Each interface of options, with the table in which its defaults stand. */
const GROUPS = [
  { type: 'DiscoveryOptions', file: 'discovery-options.ts', table: 'DISCOVERY_DEFAULTS' },
  { type: 'RegistryOptions', file: 'discovery-options.ts', table: 'DISCOVERY_DEFAULTS' },
  { type: 'ServiceOptions', file: 'service-options.ts', table: 'SERVICE_DEFAULTS' },
  { type: 'RetryOptions', file: 'service-options.ts', table: 'RETRY_DEFAULTS' },
  { type: 'BreakerOptions', file: 'service-options.ts', table: 'BREAKER_DEFAULTS' },
  { type: 'RegistrationOptions', file: 'registration/registration-options.ts', table: 'REGISTRATION_DEFAULTS' },
] as const;

export type GroupName = (typeof GROUPS)[number]['type'];

/** @throws when the sources no longer look as this expects, naming what is missing */
export function sdkOptions(): readonly OptionGroup[] {
  const api = parsed('api.ts');
  return GROUPS.map(({ type, file, table }) => {
    const defaults = defaultsOf(parsed(file), table);
    const options = membersOf(api, type).map((member): SdkOption => {
      const name = member.name.getText(api);
      const found = defaults.get(name);
      return { name, type: typeText(member, api), default: found?.value, why: found?.why };
    });
    const values = [...defaults].map(([name, { value }]) => [name, value] as const);
    return { type, options, defaults: new Map(values) };
  });
}

function parsed(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(join(SDK, file), 'utf8'), ts.ScriptTarget.ESNext, true);
}

function membersOf(source: ts.SourceFile, name: string): readonly (ts.PropertySignature | ts.MethodSignature)[] {
  const found = source.statements.find(
    (statement): statement is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(statement) && statement.name.text === name,
  );
  if (found === undefined) throw new Error(`${source.fileName} has no interface ${name}`);
  return found.members.filter((member) => ts.isPropertySignature(member) || ts.isMethodSignature(member));
}

function typeText(member: ts.PropertySignature | ts.MethodSignature, source: ts.SourceFile): string {
  const text = member.type?.getText(source) ?? 'unknown';
  return text.replaceAll(/\s+/g, ' ').replaceAll(/^\| /g, '');
}

function defaultsOf(
  source: ts.SourceFile,
  table: string,
): ReadonlyMap<string, { readonly value: string; readonly why: string | undefined }> {
  const declaration = source.statements
    .filter(ts.isVariableStatement)
    .flatMap((statement) => [...statement.declarationList.declarations])
    .find(({ name }) => name.getText(source) === table);
  let value = declaration?.initializer;
  while (value !== undefined && (ts.isAsExpression(value) || ts.isSatisfiesExpression(value))) value = value.expression;
  if (value === undefined || !ts.isObjectLiteralExpression(value)) {
    throw new Error(`${source.fileName} has no table ${table}`);
  }
  return new Map(
    value.properties.filter(ts.isPropertyAssignment).map((property) => [
      property.name.getText(source),
      {
        value: property.initializer.getText(source).replaceAll(/\s+/g, ' '),
        why: comment(property, source),
      },
    ]),
  );
}

/** The comment right above, as one line. */
function comment(node: ts.Node, source: ts.SourceFile): string | undefined {
  const text = source.text;
  const ranges = ts.getLeadingCommentRanges(text, node.getFullStart()) ?? [];
  const last = ranges.at(-1);
  if (last === undefined) return undefined;
  return text
    .slice(last.pos, last.end)
    .replace(/^\/\*\*?|\*\/$/g, '')
    .replaceAll(/^\s*\*\s?/gm, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
