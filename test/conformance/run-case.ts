/** Runs one case against a server and says what came of it. */
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { SaxesParser } from 'saxes';
import type { Case, Expected, Need, Step, Verdict } from './case.ts';
import type { DeviationName } from './deviations.ts';
import { type Answered, exchange } from './exchange.ts';

export interface Target {
  /** Such as `http://127.0.0.1:8761`. */
  readonly origin: string;
  /** Base path, such as `/eureka`. */
  readonly base: string;
  /** Settings that this server is known to have. */
  readonly has: ReadonlySet<Need>;
  /** A stock server: where a step names what stock does instead, that is expected. */
  readonly stock: boolean;
}

/** Between two tries of a step that may take a while. */
const AGAIN_MS = 50;

export async function runCase(target: Target, one: Case): Promise<Verdict> {
  const verdict = (is: Verdict['is'], notes: readonly string[] = [], deviations: readonly DeviationName[] = []) => ({
    id: one.id,
    about: one.about,
    is,
    notes,
    deviations,
  });
  if (one.needs !== undefined && !target.has.has(one.needs)) return verdict('not run', [`needs ${one.needs}`]);
  if (target.stock && one.deviation !== undefined)
    return verdict('not run', ['it says what ours does'], [one.deviation]);
  const failures: string[] = [];
  const deviations = new Set<DeviationName>(one.deviation === undefined ? [] : [one.deviation]);
  await emptied(target);
  for (const [index, step] of one.steps.entries()) {
    if (step.afterMs !== undefined) await pause(step.afterMs);
    if (step.stock !== undefined) deviations.add(step.stock.deviation);
    const problem = await problemWith(target, step);
    if (problem !== undefined) failures.push(`step ${index + 1}, ${described(step)}: ${problem}`);
  }
  if (failures.length > 0) return verdict('failed', failures);
  return deviations.size > 0 ? verdict('deviates', [], [...deviations]) : verdict('passed');
}

async function problemWith(target: Target, { ask, expect, stock, withinMs = 0 }: Step): Promise<string | undefined> {
  const expected = target.stock && stock !== undefined ? stock.expect : expect;
  const until = performance.now() + withinMs;
  for (;;) {
    const answer = await exchange(target.origin, { ...ask, path: ask.path.replace(/^B/, target.base) });
    const problem = expected === undefined ? undefined : problemOf(answer, expected);
    if (problem === undefined || performance.now() > until) return problem;
    await pause(AGAIN_MS);
  }
}

/** Cancels all that is registered, so that each case starts from an empty registry. */
export async function emptied({ origin, base }: Pick<Target, 'origin' | 'base'>): Promise<void> {
  const { body } = await exchange(origin, {
    method: 'GET',
    path: `${base}/apps`,
    headers: { accept: 'application/json' },
  });
  for (const app of JSON.parse(body).applications.application) {
    for (const instance of app.instance) {
      const id = instance.instanceId || instance.dataCenterInfo.metadata?.['instance-id'] || instance.hostName;
      await exchange(origin, {
        method: 'DELETE',
        path: `${base}/apps/${encodeURIComponent(app.name)}/${encodeURIComponent(id)}`,
      });
    }
  }
}

function described({ ask }: Step): string {
  return `${ask.method} ${ask.path}`;
}

export function problemOf(answer: Answered, expected: Expected): string | undefined {
  const statuses = [expected.status].flat();
  if (!statuses.includes(answer.status)) return `status ${answer.status} instead of ${statuses.join(' or ')}`;
  for (const [name, wanted] of Object.entries(expected.headers ?? {})) {
    if (!fits(answer.headers[name], wanted)) return `header ${name} is ${answer.headers[name]} instead of ${wanted}`;
  }
  for (const pattern of expected.shows ?? []) {
    if (!pattern.test(answer.body)) return `body does not show ${pattern}: ${answer.body.slice(0, 200)}`;
  }
  return bodyProblem(answer, expected);
}

function bodyProblem(answer: Answered, { body, has }: Expected): string | undefined {
  const type = answer.headers['content-type'] ?? '';
  if (body === 'empty') return answer.length > 0 ? `body of ${answer.length} bytes instead of none` : undefined;
  if (body === 'xml') {
    const flaw = xmlFlaw(answer.body);
    if (flaw !== undefined) return `XML is not well-formed: ${flaw}`;
    return type.startsWith('application/xml') ? undefined : `Content-Type ${type} instead of application/xml`;
  }
  if (typeof body === 'object') {
    return answer.body === body.text ? undefined : `body "${answer.body.slice(0, 120)}" instead of "${body.text}"`;
  }
  if (body !== 'json') return undefined;
  if (!type.startsWith('application/json')) return `Content-Type ${type} instead of application/json`;
  let json: unknown;
  try {
    json = JSON.parse(answer.body);
  } catch {
    return `no JSON: ${answer.body.slice(0, 80)}`;
  }
  for (const [path, wanted] of Object.entries(has ?? {})) {
    const found = at(json, path);
    if (!fits(found, wanted)) return `${path} is ${JSON.stringify(found)} instead of ${shown(wanted)}`;
  }
  return undefined;
}

/** What stands at a dotted path; undefined where the document ends before. */
function at(json: unknown, path: string): unknown {
  let value = json;
  for (const key of path.split('.')) value = (value as Record<string, unknown> | null | undefined)?.[key];
  return value;
}

function fits(found: unknown, wanted: unknown): boolean {
  if (wanted instanceof RegExp) return typeof found === 'string' && wanted.test(found);
  if (typeof wanted === 'function') return wanted(found) === true;
  return isDeepStrictEqual(found, wanted);
}

function shown(wanted: unknown): string {
  return wanted instanceof RegExp || typeof wanted === 'function' ? String(wanted) : JSON.stringify(wanted);
}

function xmlFlaw(text: string): string | undefined {
  const parser = new SaxesParser({ xmlns: true });
  let flaw: string | undefined;
  parser.on('error', (error) => {
    flaw ??= error.message;
  });
  parser.write(text).close();
  return flaw;
}
