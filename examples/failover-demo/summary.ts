/** What the caller saw of each event, as a table: pure, from the calls and from when each event began. */
import type { Call } from '../support/traffic.ts';

export interface Act {
  readonly title: string;
  /** ms since the traffic began. */
  readonly from: number;
  readonly to: number;
  /** What stock Eureka was measured to need. */
  readonly stock: string;
}

export interface Row {
  readonly title: string;
  readonly stock: string;
  readonly calls: number;
  readonly failed: number;
  readonly slowestMs: number;
  /** ms until traffic was steady again: from then on no call failed and none was slow; undefined: not within the act. */
  readonly steadyAfterMs: number | undefined;
}

/** A call is slow above this multiple of the 99th percentile of the first act, */
const SLOW_FACTOR = 3;
/** and above this many ms: below, it is the machine's noise. */
const SLOW_FLOOR_MS = 50;
/** Traffic is steady when at most this share of its calls is slow: a neighbour on the machine is no outage. */
const NOISE_SHARE = 0.01;
const WINDOW_MS = 500;

export function summary(acts: readonly Act[], calls: readonly Call[]): readonly Row[] {
  const [first] = acts;
  if (first === undefined) return [];
  const slowMs = Math.max(SLOW_FLOOR_MS, SLOW_FACTOR * percentile(0.99, within(first, calls)));
  return acts.map((act) => {
    const own = within(act, calls);
    return {
      title: act.title,
      stock: act.stock,
      calls: own.length,
      failed: own.filter(({ failed }) => failed).length,
      slowestMs: own.reduce((slowest, { ms }) => Math.max(slowest, ms), 0),
      steadyAfterMs: steadyAfter(act, own, slowMs),
    };
  });
}

/** The end of the last window, counted from the act's beginning, in which calls failed or more than the noise were slow. */
function steadyAfter(act: Act, calls: readonly Call[], slowMs: number): number | undefined {
  const windows = Math.ceil((act.to - act.from) / WINDOW_MS);
  for (let window = windows - 1; window >= 0; window--) {
    const from = act.from + window * WINDOW_MS;
    const own = within({ from, to: from + WINDOW_MS }, calls);
    const bad = own.filter(({ failed }) => failed).length;
    const slow = own.filter(({ ms }) => ms > slowMs).length;
    if (bad === 0 && slow <= own.length * NOISE_SHARE) continue;
    return window === windows - 1 ? undefined : (window + 1) * WINDOW_MS;
  }
  return 0;
}

function within({ from, to }: { from: number; to: number }, calls: readonly Call[]): Call[] {
  return calls.filter(({ startedAt }) => startedAt >= from && startedAt < to);
}

/** @param share - 0 to 1 */
export function percentile(share: number, calls: readonly Call[]): number {
  const sorted = calls.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

/** The table as lines of text. */
export function formatted(rows: readonly Row[]): string {
  const head = ['event', 'calls', 'failed', 'slowest', 'steady after', 'stock Eureka'];
  const cells = rows.map((row) => [
    row.title,
    String(row.calls),
    String(row.failed),
    `${row.slowestMs.toFixed(0)} ms`,
    row.steadyAfterMs === undefined ? 'not yet' : `${(row.steadyAfterMs / 1000).toFixed(1)} s`,
    row.stock,
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd();
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...cells.map(line)].join('\n');
}
