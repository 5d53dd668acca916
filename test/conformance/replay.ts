/** Asks a server what a genuine one was asked, and compares: times and order aside, each answer is equal or explained by a named deviation. */
import { isDeepStrictEqual } from 'node:util';
import type { DeviationName } from './deviations.ts';
import { type Answered, type Asked, exchange } from './exchange.ts';
import { EXPLANATIONS } from './explanations.ts';
import { normalised, type Tree } from './normalise.ts';
import type { Recording, ReplayStep, StockAnswer } from './recording.ts';
import { problemOf } from './run-case.ts';

export interface Replayed {
  /** One line each: what differs from stock without explanation, and what is explained though it does not differ. */
  readonly problems: readonly string[];
  readonly deviations: ReadonlySet<DeviationName>;
}

/** @param pause - lets that much time pass, for the server at least */
export async function replay(
  origin: string,
  { id, steps }: Recording,
  pause: (seconds: number) => Promise<void>,
): Promise<Replayed> {
  const problems: string[] = [];
  const deviations = new Set<DeviationName>();
  for (const step of steps) {
    if (step.is === 'pause') {
      await pause(step.seconds);
      continue;
    }
    const outcome = compared(id, step, await exchange(origin, step.ask));
    for (const name of outcome.deviations) deviations.add(name);
    if (outcome.problem !== undefined) {
      problems.push(`${id} ${step.number}, ${step.ask.method} ${step.ask.path}: ${outcome.problem}`);
    }
  }
  return { problems, deviations };
}

interface Outcome {
  readonly problem?: string;
  readonly deviations: readonly DeviationName[];
}

function compared(id: string, { number, ask, stock }: Extract<ReplayStep, { is: 'ask' }>, ours: Answered): Outcome {
  const found = comparable(ours, ask);
  const known = EXPLANATIONS.find(({ recording, requests }) => recording === id && requests.includes(number));
  const { expected, deviations } = ofOurs(stock, ask);
  const same = isDeepStrictEqual(found, expected);
  if (known === undefined) return same ? { deviations } : { deviations, problem: difference(found, expected) };
  const names = [...deviations, known.deviation];
  if (same) return { deviations: names, problem: `is explained by ${known.deviation}, but does not differ` };
  const problem = 'but' in known ? differenceIfAny(found, changed(expected, known.but)) : problemOf(ours, known.expect);
  return problem === undefined ? { deviations: names } : { deviations: names, problem };
}

/** The same answer with other values at some paths of its body. */
function changed(answer: Comparable, but: Readonly<Record<string, unknown>>): Comparable {
  const body = structuredClone(answer.body);
  for (const [path, value] of Object.entries(but)) {
    const keys = path.split('.');
    const last = keys.pop()!;
    const parent = keys.reduce<Record<string, unknown>>((at, key) => at[key] as Record<string, unknown>, body as never);
    parent[last] = value;
  }
  return { ...answer, body };
}

/** An answer without what may differ between two servers that answer the same. */
interface Comparable {
  readonly status: number;
  readonly type: string | undefined;
  readonly encoding: string | undefined;
  readonly allow: string | undefined;
  readonly body: Tree;
}

function comparable(answer: Pick<StockAnswer, 'status' | 'headers' | 'body'>, { path }: Asked): Comparable {
  const { status, headers, body } = answer;
  return {
    status,
    // Of nothing, a type says nothing.
    type: body === '' ? undefined : headers['content-type'],
    encoding: headers['content-encoding'],
    allow: headers['allow'],
    // Elsewhere than on the protocol's paths, errors are for people, and say what they like.
    body:
      status >= 400 && !path.startsWith('/eureka') ? '' : normalised({ headers, body }, /\/apps\/delta\b/.test(path)),
  };
}

/** What ours must answer where stock answers that: the deviations that hold everywhere. */
function ofOurs(stock: StockAnswer, ask: Asked): { expected: Comparable; deviations: DeviationName[] } {
  const { path } = ask;
  const deviations: DeviationName[] = [];
  let expected = comparable(stock, ask);
  if (isErrorPage(stock) && path.startsWith('/eureka')) {
    deviations.push('empty-errors');
    expected = { ...expected, type: undefined, body: '' };
  }
  if (stock.status === 500 && /\/status(\?|$)/.test(path) && path.includes('/apps/')) {
    deviations.push('caller-errors');
    expected = { ...expected, status: 400 };
  }
  return { expected, deviations };
}

/** Spring Boot's, in JSON, XML or HTML. */
function isErrorPage({ status, body }: StockAnswer): boolean {
  return status >= 400 && /^(\{"timestamp":|<Map><timestamp>|<html>)/.test(body);
}

function differenceIfAny(found: Comparable, expected: Comparable): string | undefined {
  return isDeepStrictEqual(found, expected) ? undefined : difference(found, expected);
}

function difference(found: Comparable, expected: Comparable): string {
  for (const name of ['status', 'type', 'encoding', 'allow'] as const) {
    if (found[name] !== expected[name]) return `${name} ${found[name]} instead of ${expected[name]}`;
  }
  return `body: ${firstDifference(found.body, expected.body, '')}`;
}

function firstDifference(found: Tree, expected: Tree, path: string): string {
  const both = [found, expected].every((value) => typeof value === 'object' && value !== null);
  if (!both) return `${path || 'all of it'} is ${shown(found)} instead of ${shown(expected)}`;
  const [a, b] = [found as Record<string, unknown>, expected as Record<string, unknown>];
  for (const key of new Set([...Object.keys(b), ...Object.keys(a)])) {
    if (!isDeepStrictEqual(a[key], b[key]))
      return firstDifference(a[key], b[key], path === '' ? key : `${path}.${key}`);
  }
  return `${path} differs`;
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'absent').slice(0, 300);
}
