/** A copy of an embedded store's content, such as a dump that is restored later: what happens to the original afterwards does not touch it. */
import type { MemoryState } from './memory-state.ts';

export function copiedState({ head, records, holds, log }: MemoryState): MemoryState {
  return {
    head,
    records: new Map([...records].map(([key, entry]) => [key, { ...entry }])),
    holds: new Map(holds),
    log: [...log],
  };
}
