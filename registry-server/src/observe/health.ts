/** What this node says of itself to load balancers, to operators, and to the other nodes of its registry. */
import { holdSentence, type NodeStatus } from '../node/node-events.ts';
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
      return {
        ready: true,
        reason:
          state.doubt === undefined
            ? 'following the store'
            : `following the store, which has not answered for less than a second: ${state.doubt}`,
      };
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

/** All that an operator asks of a node, beside whether it is ready. */
export interface NodeHealth extends Readiness {
  readonly state: NodeState['is'];
  /** Where it stands in the store's history: `<epoch>.<version>`; absent before the first load. */
  readonly position?: string;
  /** Instances here, and in the store when it was asked last: once a second, so the two may differ for that long. */
  readonly instances: number;
  readonly storeInstances: number;
  /** Instances changed while the store is away, to be joined when it is back. */
  readonly journal: number;
  /** Heartbeats acknowledged and not yet written. */
  readonly beatsWaiting: number;
  /** A sentence each. */
  readonly holds: readonly string[];
  /** Nodes of this registry that reported lately, this one too. */
  readonly nodes: number;
  readonly faults: number;
  readonly lastFault?: string;
}

export function nodeHealth(status: NodeStatus): NodeHealth {
  const { state, position, replicaSize, storeSize, marked, beatsWaiting, holds, nodes, faults, lastFault } = status;
  return {
    ...readiness(state),
    state: state.is,
    ...(position === undefined ? {} : { position: `${position.epoch}.${position.version}` }),
    instances: replicaSize,
    storeInstances: storeSize,
    journal: marked,
    beatsWaiting,
    holds: holds.map(holdSentence),
    nodes: nodes.length,
    faults,
    ...(lastFault === undefined ? {} : { lastFault }),
  };
}

/** What peers ask: `following` means that this node has the store, so that a node which has not is the one cut off (F5). */
export function storeHealth(state: NodeState): { readonly state: string } {
  if (state.is === 'following' && state.doubt !== undefined) return { state: 'doubting' };
  return { state: state.is === 'draining' ? state.was : state.is };
}
