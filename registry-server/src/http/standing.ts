/** What every answer says of the node's standing towards its store, in one header. */
import { Header } from '@heureka/client-sdk/protocol';
import type { Ledger } from '../registry/ledger.ts';
import { NO_HEADERS } from './reply.ts';

const STORE: Readonly<Record<string, string>> = { [Header.DEGRADED]: 'store' };

/** `x-heureka-degraded`: `store` (this node answers and accepts without the store), `cut-off; age=<s>` (a peer has it, this one has not). */
export function standingHeaders(ledger: Pick<Ledger, 'state' | 'now'>): Readonly<Record<string, string>> {
  const { state } = ledger;
  switch (state.is) {
    case 'following':
    case 'starting':
      return NO_HEADERS;
    case 'away':
    case 'rejoining':
      return STORE;
    case 'cut-off':
      return { [Header.DEGRADED]: `cut-off; age=${Math.max(0, Math.round((ledger.now - state.since) / 1_000))}` };
    case 'draining':
      return state.was === 'following' || state.was === 'starting' ? NO_HEADERS : STORE;
  }
}
