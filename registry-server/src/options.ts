/**
 * Reads the server's options from flags, environment or a program, by the option table.
 * All that is wrong is reported at once, in sentences: the option, what it got, what it accepts.
 */
import { parseArgs } from 'node:util';
import { OPTION_TABLE, type OptionRow } from './option-table.ts';

export interface ServerOptions {
  readonly port: number;
  /** Undefined: every address. */
  readonly host: string | undefined;
  readonly redis: string | undefined;
  readonly redisSentinels: string | undefined;
  readonly redisSentinelName: string;
  readonly redisCluster: boolean;
  readonly redisCa: string | undefined;
  readonly namespace: string;
  readonly keyPrefix: string;
  /** File name, or `none`. */
  readonly data: string;
  readonly nodeUrl: string | undefined;
  readonly maxInstances: number;
  readonly maxInstancesPerApp: number;
  readonly metadataLimit: number;
  readonly bodyLimit: number;
  /** Seconds. */
  readonly keepAlive: number;
  /** Seconds. */
  readonly headersTimeout: number;
  /** Seconds. */
  readonly requestTimeout: number;
  /** Seconds. */
  readonly drain: number;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly tlsClientCa: string | undefined;
  readonly trustProxy: number;
  readonly adminPort: number | undefined;
  readonly selfPreservation: boolean;
  /** 0 to 1. */
  readonly holdShare: number;
  readonly holdPopulation: number;
  /** Seconds. */
  readonly holdTime: number;
  /** Seconds. */
  readonly deltaWindow: number;
  readonly disableDelta: boolean;
  readonly logLevel: string;
}

export interface OptionProblem {
  /** As it was given: `--port`, `PORT` or the name of a field. */
  readonly option: string;
  readonly got: string;
  readonly accepts: string;
}

/** All that is wrong with the options, at once. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError';
  constructor(readonly problems: readonly OptionProblem[]) {
    super(problems.map(({ option, got, accepts }) => `${option} got ${got}; it accepts ${accepts}.`).join('\n'));
  }
}

export type CommandLine = { readonly is: 'help' | 'version' } | { readonly is: 'run'; readonly options: ServerOptions };

type Name = keyof typeof OPTION_TABLE;
type Given = Partial<Record<Name, { readonly text: string; readonly from: string }>>;
const ROWS = Object.entries(OPTION_TABLE) as [Name, OptionRow][];

/**
 * Reads the command line; a flag wins over its environment variable, which wins over the default.
 *
 * @throws {OptionsError} naming everything that is wrong
 */
export function readCommandLine(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): CommandLine {
  const problems: OptionProblem[] = [];
  const given: Given = {};
  for (const [name, row] of ROWS) {
    const text = environment[row.env];
    if (text !== undefined && text !== '') given[name] = { text, from: row.env };
  }
  const asked = readFlags(args, given, problems);
  if (asked !== undefined) return { is: asked };
  const options = checked(given, problems);
  if (problems.length > 0) throw new OptionsError(problems);
  return { is: 'run', options };
}

/**
 * Fills in what a program gives; every value is checked as if it had been typed.
 *
 * @throws {OptionsError} naming everything that is wrong
 */
export function serverOptions(given: Partial<ServerOptions> = {}): ServerOptions {
  const problems: OptionProblem[] = [];
  const texts: Given = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(OPTION_TABLE, name))
      problems.push({ option: name, got: 'a value', accepts: 'nothing: it is no option' });
    else texts[name as Name] = { text: String(value), from: name };
  }
  const options = checked(texts, problems);
  if (problems.length > 0) throw new OptionsError(problems);
  return options;
}

/** What `--help` prints. */
export function helpText(): string {
  const lines = ROWS.map(([, row]) => {
    const value =
      row.kind === 'switch' ? '' : ` <${row.kind === 'choice' ? row.choices!.join('|') : (row.unit ?? row.kind)}>`;
    const extra = [
      row.default === undefined ? '' : `default ${row.default === '' ? "''" : row.default}`,
      row.env,
    ].filter((part) => part !== '');
    return `  --${row.flag}${value}\n      ${row.help} (${extra.join('; ')})`;
  });
  return [
    'Usage: heureka-server [options]',
    '',
    'Each option can come from the environment too; a flag wins. A switch takes =false.',
    '',
    ...lines,
    '  --help',
    '  --version',
    '',
  ].join('\n');
}

function readFlags(args: readonly string[], given: Given, problems: OptionProblem[]): 'help' | 'version' | undefined {
  const byFlag = new Map(ROWS.map(([name, row]) => [row.flag, { name, row }]));
  // Tolerant parsing gives tokens: `strict` would stop at the first thing that is wrong, with words of its own.
  const { tokens } = parseArgs({
    args: withoutSwitchValues(args),
    options: flagTypes(),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  // What follows an unknown flag was meant as its value: one mistake, one sentence.
  let unknownAt = -2;
  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (token.index === unknownAt + 1) continue;
      problems.push({
        option: `'${shown(token.value)}'`,
        got: 'a place of its own',
        accepts: 'nothing: options begin with --',
      });
    }
    if (token.kind !== 'option') continue;
    if (token.name === 'help' || token.name === 'h') return 'help';
    if (token.name === 'version') return 'version';
    const known = byFlag.get(token.name);
    if (known === undefined) {
      unknownAt = token.index;
      problems.push({
        option: shown(token.rawName),
        got: 'no known option',
        accepts: suggestion(token.name, [...byFlag.keys()]),
      });
    } else if (token.value === undefined && known.row.kind !== 'switch') {
      problems.push({ option: token.rawName, got: 'no value', accepts: accepts(known.row) });
    } else {
      given[known.name] = { text: token.value ?? 'true', from: token.rawName };
    }
  }
  return undefined;
}

/** `--disable-delta=false` has a value, which `parseArgs` gives only to what it takes for text; a bare switch must not eat the next word. */
function withoutSwitchValues(args: readonly string[]): string[] {
  const switches = new Set(ROWS.filter(([, row]) => row.kind === 'switch').map(([, row]) => `--${row.flag}`));
  return args.map((arg) => (switches.has(arg) ? `${arg}=true` : arg));
}

function flagTypes(): Record<string, { type: 'string' | 'boolean'; short?: string }> {
  const types: Record<string, { type: 'string' | 'boolean'; short?: string }> = {
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean' },
  };
  for (const [, row] of ROWS) types[row.flag] = { type: 'string' };
  return types;
}

function checked(given: Given, problems: OptionProblem[]): ServerOptions {
  const options: Record<string, unknown> = {};
  for (const [name, row] of ROWS) {
    const { text, from } = given[name] ?? { text: row.default, from: name };
    options[name] = text === undefined ? undefined : value(row, text, from, problems);
  }
  const filled = options as unknown as ServerOptions;
  together(filled, problems);
  return filled;
}

/** What must hold between options. */
function together(options: ServerOptions, problems: OptionProblem[]): void {
  if ((options.tlsCert === undefined) !== (options.tlsKey === undefined)) {
    const [there, missing] = options.tlsCert === undefined ? ['--tls-key', '--tls-cert'] : ['--tls-cert', '--tls-key'];
    problems.push({ option: there, got: 'no partner', accepts: `a file together with ${missing}` });
  }
  if (options.tlsClientCa !== undefined && options.tlsCert === undefined) {
    problems.push({
      option: '--tls-client-ca',
      got: 'no --tls-cert',
      accepts: 'a file together with --tls-cert and --tls-key',
    });
  }
  if (options.redisSentinels !== undefined && options.redisCluster) {
    problems.push({ option: '--redis-sentinels', got: '--redis-cluster too', accepts: 'one of the two' });
  }
  if (options.redisCluster && options.redis === undefined) {
    problems.push({ option: '--redis-cluster', got: 'no --redis', accepts: 'the URL of one node in --redis' });
  }
}

function value(row: OptionRow, text: string, from: string, problems: OptionProblem[]): unknown {
  const wrong = (): undefined => {
    // A URL may hold a password: what was wrong with it is said without showing it.
    const got = row.secret === true ? 'a text that is not' : `'${shown(text)}'`;
    problems.push({ option: from, got, accepts: accepts(row) });
    return undefined;
  };
  switch (row.kind) {
    case 'switch':
      return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : wrong();
    case 'choice':
      return row.choices!.includes(text) ? text : wrong();
    case 'text':
      return row.pattern?.matches(text) === false ? wrong() : text;
    case 'integer':
    case 'number': {
      const number = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
      if (row.kind === 'integer' && !Number.isSafeInteger(number)) return wrong();
      return number >= (row.min ?? -Infinity) && number <= (row.max ?? Number.MAX_SAFE_INTEGER) ? number : wrong();
    }
  }
}

function accepts(row: OptionRow): string {
  switch (row.kind) {
    case 'switch':
      return 'true or false';
    case 'choice':
      return `one of ${row.choices!.join(', ')}`;
    case 'text':
      return row.pattern?.says ?? 'a text';
    case 'integer':
    case 'number': {
      const what = row.kind === 'integer' ? 'a whole number' : 'a number';
      const range = row.max === undefined ? ` of at least ${row.min ?? 0}` : ` from ${row.min ?? 0} to ${row.max}`;
      return `${what}${range}${row.unit === undefined ? '' : ` (${row.unit})`}`;
    }
  }
}

function suggestion(name: string, flags: readonly string[]): string {
  const near = flags.map((flag) => ({ flag, away: distance(name, flag) })).sort((a, b) => a.away - b.away)[0]!;
  return near.away <= Math.max(2, Math.floor(name.length / 3))
    ? `--${near.flag}, perhaps; --help lists them all`
    : 'what --help lists';
}

/** Edits that turn one word into the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  // A flag of a thousand characters is no typing mistake.
  for (let i = 1; i <= Math.min(a.length, 100); i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1)!;
}

function shown(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
