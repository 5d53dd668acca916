/** How a conformance case is written down: requests in order, and what each answer must be. `cases-*.ts` hold the cases as data. */
import type { DeviationName } from './deviations.ts';
import type { Asked } from './exchange.ts';

export interface Expected {
  /** One of them. */
  readonly status: number | readonly number[];
  /** `empty`: zero bytes. `json` and `xml`: the body parses as that, and the Content-Type says so. A text: exactly this body. */
  readonly body?: 'empty' | 'json' | 'xml' | { readonly text: string };
  /** What stands at a path of a JSON body, such as `instance.port.$`: a value, a pattern, or a test; `undefined`: nothing. */
  readonly has?: Readonly<Record<string, unknown>>;
  /** Patterns that the body's text matches. */
  readonly shows?: readonly RegExp[];
  /** Response headers; `undefined`: absent. */
  readonly headers?: Readonly<Record<string, string | RegExp | undefined>>;
}

export interface Step {
  readonly ask: Asked;
  readonly expect: Expected;
  /** What a stock Spring server answers instead, where the two differ on purpose. */
  readonly stock?: { readonly deviation: DeviationName; readonly expect?: Expected };
  /** Wait this long before asking, in ms. */
  readonly afterMs?: number;
  /** Ask again until the answer is the expected one, for this long at most, in ms. */
  readonly withinMs?: number;
}

export interface Case {
  readonly id: string;
  readonly about: string;
  readonly steps: readonly Step[];
  /** Server settings without which the case says nothing: run only where they are known to hold. */
  readonly needs?: Need;
  /** Ours differs from stock as a whole: then the case shows what ours does. */
  readonly deviation?: DeviationName;
}

export const NEEDS = ['short-delta', 'delta-off', 'fast-eviction'] as const;
export type Need = (typeof NEEDS)[number];

/** What came of one case. */
export interface Verdict {
  readonly id: string;
  readonly about: string;
  /** `deviates`: as ours, unlike stock. `as stock`: as stock, unlike ours. */
  readonly is: 'passed' | 'deviates' | 'as stock' | 'failed' | 'not run';
  /** One line each: what failed, or what the case needs. */
  readonly notes: readonly string[];
  /** The known deviations that it met. */
  readonly deviations: readonly DeviationName[];
}
