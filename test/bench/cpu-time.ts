/** CPU time of a process as the system counts it, all threads together, so that collecting garbage beside the main thread counts too. */
import { readdirSync, readFileSync } from 'node:fs';

/** CPU ms that a process has used so far, all threads; undefined where the system does not say. */
export function cpuMs(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined;
  try {
    let ns = 0;
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      ns += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0]);
    }
    return ns / 1e6;
  } catch {
    return undefined;
  }
}
