/** One part of the benchmarks. */
export interface BenchOptions {
  /** Everything is run, as short and small as it goes, for correctness alone: figures mean nothing. */
  readonly quick: boolean;
  /** Registry size, where a topic has several; undefined: all of them. */
  readonly instances: number | undefined;
  /** Another registry to measure beside ours: its protocol base. */
  readonly peer: string | undefined;
  /** The peer's process on this machine, for its CPU time. */
  readonly peerPid: number | undefined;
}

export interface Topic {
  readonly name: string;
  /** For `--help`: what it measures. */
  readonly what: string;
  /** Prints its tables. @throws when an answer was wrong; never because of a time */
  run(options: BenchOptions): Promise<void>;
}

/** @throws saying what was expected, when it is not so */
export function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(`wrong: ${what}`);
}
