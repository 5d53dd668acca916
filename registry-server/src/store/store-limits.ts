/** Numbers that every store keeps to. */
import { RECORD_SCHEMA } from './instance-record.ts';

/** Longest age of a change in the log, ms: deltas, tombstones and a node that was away reach this far back. */
export const CHANGES_KEPT_MS = 600_000;
/** Most changes in the log. */
export const CHANGES_KEPT = 100_000;
/** A batch of changes, a page of records, a call of renewals or reads. */
export const PAGE = 500;
/** Highest schema of records that this program reads. */
export const READS_SCHEMA = RECORD_SCHEMA;
/** Lease of a record that was put without one, ms: Eureka's default. */
export const DEFAULT_LEASE_MS = 90_000;
