/** What the process that makes the load is told, and what it answers. */

export interface LoadTarget {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  /** Whole requests, each to be sent as it is; taken one after the other, from the beginning again. */
  readonly requests: readonly string[];
}

export type LoadJob =
  | ({ readonly kind: 'open' } & LoadTarget)
  /** Every connection asks again as soon as it was answered. */
  | { readonly kind: 'busy'; readonly ms: number }
  /** So many requests a second in all, over all connections in turn. */
  | { readonly kind: 'paced'; readonly ms: number; readonly perSecond: number }
  /** So many requests for each second of CPU time that a process has used: on a machine of its own, a busy server's second. */
  | { readonly kind: 'fed'; readonly ms: number; readonly perCpuSecond: number; readonly pid: number }
  /** Each request once, as fast as it goes. */
  | { readonly kind: 'once' }
  | { readonly kind: 'close' };

export interface LoadResult {
  readonly answers: number;
  /** Heads and bodies. */
  readonly bytes: number;
  readonly seconds: number;
  /** Answers by status, as text. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Latency in ms. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export type LoadReply =
  | { readonly is: 'done'; readonly result: LoadResult }
  | { readonly is: 'failed'; readonly why: string };
