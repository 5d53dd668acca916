/**
 * Where a node stands towards its store: what it may answer follows from this alone (`docs/operations.md` explains each to operators).
 */
import type { EpochMs } from './time.ts';

export type NodeState =
  /** Nothing loaded yet: answers 503, never an empty registry. */
  | { readonly is: 'starting'; readonly since: EpochMs; readonly reason: string }
  /** `doubt`: the store has not answered for less than a second; changes wait, and peers get no word from this node that it is there. */
  | { readonly is: 'following'; readonly since: EpochMs; readonly doubt?: string }
  /** A peer has the store and this node has not: reads with their age, writes 503. */
  | { readonly is: 'cut-off'; readonly since: EpochMs; readonly reason: string; readonly peer: string }
  /** Nobody has the store: the replica takes writes and remembers which keys changed. */
  | { readonly is: 'away'; readonly since: EpochMs; readonly reason: string }
  /** The store is back; replica and store are being joined. As away until that is done. */
  | { readonly is: 'rejoining'; readonly since: EpochMs; readonly reason: string }
  /** Shutting down: not ready, still serving as before (`was`). */
  | {
      readonly is: 'draining';
      readonly since: EpochMs;
      readonly was: 'starting' | 'following' | 'cut-off' | 'away' | 'rejoining';
    };
