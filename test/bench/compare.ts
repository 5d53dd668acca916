/** Servers measured side by side: slices of the same load in turn, so that what the machine's neighbours do falls on all of them. */

import { cpuMs } from './cpu-time.ts';
import type { LoadJob, LoadResult } from './load-job.ts';
import type { Load, Target } from './processes.ts';
import { ratios, type Spread, spreadOf } from './statistics.ts';

export interface Side {
  readonly target: Target;
  readonly load: Load;
  /** Runs beside each of its slices, and is waited for. */
  readonly beside?: () => Promise<unknown>;
}

export interface Slice extends LoadResult {
  /** Of the server, in us an answer; undefined: not readable. */
  readonly cpuUs: number | undefined;
}

export interface Measured {
  readonly name: string;
  readonly slices: readonly Slice[];
}

/** @param rounds - slices of each side; every other round goes the other way */
export async function sideBySide(sides: readonly Side[], job: LoadJob, rounds: number): Promise<readonly Measured[]> {
  const slices = sides.map((): Slice[] => []);
  for (let round = 0; round < rounds; round++) {
    const order = [...sides.keys()];
    for (const index of round % 2 === 0 ? order : order.reverse()) slices[index]!.push(await slice(sides[index]!, job));
  }
  return sides.map(({ target }, index) => ({ name: target.name, slices: slices[index]! }));
}

async function slice({ target, load, beside }: Side, job: LoadJob): Promise<Slice> {
  const before = cpuMs(target.pid);
  const [result] = await Promise.all([load.run(job), beside?.()]);
  const after = cpuMs(target.pid);
  const cpu = before === undefined || after === undefined ? undefined : ((after - before) * 1_000) / result.answers;
  return { ...result, cpuUs: cpu };
}

export interface Compared {
  readonly name: string;
  readonly cpuUs: Spread | undefined;
  /** Of the first side's CPU an answer, by this one's; 1: the same, 0.5: twice as much. */
  readonly byCpu: Spread | undefined;
  readonly rate: Spread;
  readonly byRate: Spread;
  readonly p99: Spread;
}

/** @param measured - the first one is what the others are compared with */
export function compared(measured: readonly Measured[]): readonly Compared[] {
  const [base] = measured;
  const cpuOf = ({ slices }: Measured): number[] | undefined => {
    const all = slices.map(({ cpuUs }) => cpuUs).filter((cpu) => cpu !== undefined);
    return all.length === slices.length ? all : undefined;
  };
  const rateOf = ({ slices }: Measured): number[] => slices.map(({ answers, seconds }) => answers / seconds);
  const baseCpu = cpuOf(base!);
  const baseRate = rateOf(base!);
  return measured.map((side) => {
    const cpu = cpuOf(side);
    const rate = rateOf(side);
    return {
      name: side.name,
      cpuUs: cpu && spreadOf(cpu),
      byCpu: cpu && baseCpu && ratios(baseCpu, cpu),
      rate: spreadOf(rate),
      byRate: ratios(rate, baseRate),
      p99: spreadOf(side.slices.map(({ p99 }) => p99)),
    };
  });
}
