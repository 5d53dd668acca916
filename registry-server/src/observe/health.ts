/** What this node says of itself to load balancers, to operators, and to the other nodes of its registry. */
import type { NodeState } from '../registry/node-state.ts';

export interface Readiness {
  readonly ready: boolean;
  /** For an operator: why not, or in what way it is. */
  readonly reason: string;
}

/** Ready: it answers and takes writes. While away it does both, on its own. */
export function readiness(state: NodeState): Readiness {
  switch (state.is) {
    case 'following':
      return { ready: true, reason: 'following the store' };
    case 'away':
      return { ready: true, reason: `on its own since the store is away: ${state.reason}` };
    case 'rejoining':
      return { ready: true, reason: `joining what it knows with the store, which is back: ${state.reason}` };
    case 'starting':
      return { ready: false, reason: `the registry is not loaded yet: ${state.reason}` };
    case 'cut-off':
      return { ready: false, reason: `cut off from the store, which ${state.peer} still has: ${state.reason}` };
    case 'draining':
      return { ready: false, reason: 'shutting down' };
  }
}

/** What peers ask: `following` means that this node has the store, so that a node which has not is the one cut off (F5). */
export function storeHealth(state: NodeState): { readonly state: string } {
  if (state.is === 'following' && state.doubt !== undefined) return { state: 'doubting' };
  return { state: state.is === 'draining' ? state.was : state.is };
}
