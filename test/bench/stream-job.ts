import type { Target } from './processes.ts';

/** What the process of stream readers is told. */
export interface StreamJob {
  readonly readers: number;
  /** Where changes are made. */
  readonly writer: Target;
  /** Where the streams are read: the same node, or another. */
  readonly reader: Target;
  readonly changes: number;
  /** Changes made a second, whether the one before was heard of or not; undefined: each a little after the one before was heard of. */
  readonly perSecond?: number;
  /** Between hearing of a change and the next. */
  readonly pauseMs: number;
}

/** From the answer to a change until a reader has it, in ms. */
export interface StreamResult {
  readonly heard: number;
  /** Changes a second, as made. */
  readonly perSecond: number;
  /** Readers who had not heard of a change after seconds, summed. */
  readonly missed: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}
