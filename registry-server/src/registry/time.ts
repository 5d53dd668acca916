/** Milliseconds since 1970 by store time: the store's wall clock, as this node estimates it between two ticks; never backwards. */
export type EpochMs = number;
/** Milliseconds of the lease clock: runs with store time, but stands while nobody ticks, so that an outage ages no lease. */
export type LeaseMs = number;
