/** Which status of an instance is served, where its own word, an operator's and a heartbeat differ. One pure function, the same at every node. */
import type { InstanceStatus } from '@heureka/client-sdk/protocol';

export interface StatusQuestion {
  /** What the registrant says, or, at a heartbeat, what is served. */
  readonly candidate: InstanceStatus;
  readonly override: InstanceStatus | undefined;
  /** Served status of the lease that exists, if one does. */
  readonly held: InstanceStatus | undefined;
  readonly replication: boolean;
}

/**
 * The status that is served: the first rule that fits.
 *
 * 1. A candidate that is neither UP nor OUT_OF_SERVICE says itself that it cannot take traffic.
 * 2. An override wins over what the instance says.
 * 3. A direct registration does not leave UP or OUT_OF_SERVICE by saying the other one: that is what overrides are for.
 * 4. Else the candidate.
 *
 * @see Netflix eureka `FirstMatchWinsCompositeRule`
 */
export function servedStatus({ candidate, override, held, replication }: StatusQuestion): InstanceStatus {
  if (candidate !== 'UP' && candidate !== 'OUT_OF_SERVICE') return candidate;
  if (override !== undefined) return override;
  if (!replication && (held === 'UP' || held === 'OUT_OF_SERVICE')) return held;
  return candidate;
}
