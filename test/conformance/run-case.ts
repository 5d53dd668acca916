/** Runs one case against a server and says what came of it. */
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { SaxesParser } from 'saxes';
import type { Case, Expected, Need, Step, Verdict } from './case.ts';
import type { DeviationName } from './deviations.ts';
import { type Answered, type Asked, exchange } from './exchange.ts';

export interface Target {
  /** Such as `http://127.0.0.1:8761`. */
  readonly origin: string;
  /** Base path, such as `/eureka`. */
  readonly base: string;
  /** Settings that this server is known to have. */
  readonly has: ReadonlySet<Need>;
  /** Whose answer is right where ours deviates from stock on purpose. */
  readonly like: 'ours' | 'stock' | 'either';
}

/** The server cannot be asked, or is no Eureka server: said in one sentence. */
export class UnusableServer extends Error {
  override readonly name = 'UnusableServer';
}

/** Between two tries of a step that may take a while. */
const AGAIN_MS = 50;

export async function runCase(target: Target, one: Case): Promise<Verdict> {
  const { id, about, deviation } = one;
  if (one.needs !== undefined && !target.has.has(one.needs)) {
    return { id, about, is: 'not run', notes: [`needs ${one.needs}`], deviations: [] };
  }
  if (target.like === 'stock' && deviation !== undefined) {
    return { id, about, is: 'not run', notes: ['it says what ours does'], deviations: [deviation] };
  }
  const failures: string[] = [];
  const ours = new Set<DeviationName>(deviation === undefined ? [] : [deviation]);
  const stocks = new Set<DeviationName>();
  try {
    await emptied(target);
    for (const [index, step] of one.steps.entries()) {
      if (step.afterMs !== undefined) await pause(step.afterMs);
      const { problem, as } = await tried(target, step);
      if (problem !== undefined) failures.push(`step ${index + 1}, ${described(step)}: ${problem}`);
      else if (step.stock !== undefined) (as === 'ours' ? ours : stocks).add(step.stock.deviation);
    }
  } catch (error) {
    if (!(error instanceof UnusableServer)) throw error;
    return { id, about, is: 'failed', notes: [error.message], deviations: [] };
  }
  if (failures.length > 0) {
    // The whole case says what ours does: a server that does otherwise is not wrong, but unlike ours.
    if (target.like === 'either' && deviation !== undefined) {
      return { id, about, is: 'as stock', notes: [], deviations: [deviation] };
    }
    return { id, about, is: 'failed', notes: failures, deviations: [] };
  }
  if (stocks.size > 0) return { id, about, is: 'as stock', notes: [], deviations: [...stocks] };
  return { id, about, is: ours.size > 0 ? 'deviates' : 'passed', notes: [], deviations: [...ours] };
}

/** What is wrong with the answer to this step; nothing: as whom the server answered. */
async function tried(target: Target, step: Step): Promise<{ problem?: string; as?: 'ours' | 'stock' }> {
  const { ask, expect, stock, withinMs = 0 } = step;
  const asked = { ...ask, path: ask.path.replace(/^B/, target.base) };
  const until = performance.now() + withinMs;
  for (;;) {
    const answer = await answered(target.origin, asked);
    const likeOurs = problemOf(answer, expect);
    if (likeOurs === undefined && (target.like !== 'stock' || stock === undefined)) return { as: 'ours' };
    if (performance.now() > until) {
      if (stock === undefined || target.like === 'ours') return { problem: likeOurs! };
      const likeStock = stock.expect === undefined ? undefined : problemOf(answer, stock.expect);
      return likeStock === undefined ? { as: 'stock' } : { problem: likeStock };
    }
    await pause(AGAIN_MS);
  }
}

/** Cancels all that is registered, so that each case starts from an empty registry. @throws UnusableServer */
export async function emptied({ origin, base }: Pick<Target, 'origin' | 'base'>): Promise<void> {
  const path = `${base}/apps`;
  const { status, body } = await answered(origin, {
    method: 'GET',
    path,
    headers: { accept: 'application/json' },
  });
  const instances = status === 200 ? idsIn(body) : undefined;
  if (instances === undefined) {
    throw new UnusableServer(`GET ${origin}${path} is no list of a Eureka server: ${status} ${body.slice(0, 80)}`);
  }
  for (const [app, id] of instances) {
    await answered(origin, {
      method: 'DELETE',
      path: `${path}/${encodeURIComponent(app)}/${encodeURIComponent(id)}`,
    });
  }
}

interface ListedApps {
  readonly applications: {
    readonly application: readonly {
      readonly name: string;
      readonly instance: readonly {
        readonly instanceId?: string;
        readonly hostName: string;
        readonly dataCenterInfo: { readonly metadata?: Readonly<Record<string, string>> };
      }[];
    }[];
  };
}

/** Application and effective id of all that a list shows; undefined when it is none. */
function idsIn(body: string): readonly (readonly [string, string])[] | undefined {
  try {
    const { applications } = JSON.parse(body) as ListedApps;
    return applications.application.flatMap(({ name, instance }) =>
      instance.map(
        ({ instanceId, hostName, dataCenterInfo }) =>
          [name, instanceId || dataCenterInfo.metadata?.['instance-id'] || hostName] as const,
      ),
    );
  } catch {
    return undefined;
  }
}

/** @throws UnusableServer when no answer came */
async function answered(origin: string, asked: Asked): Promise<Answered> {
  try {
    return await exchange(origin, asked);
  } catch (error) {
    throw new UnusableServer(`${origin} does not answer: ${(error as Error).message}`, { cause: error });
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
