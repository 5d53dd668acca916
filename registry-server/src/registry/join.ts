/**
 * Two histories of one instance, made one (F2): whether it lives, what it says of itself, and what an operator said are three questions with
 * three rules. The join is commutative, associative and idempotent, so it does not matter which node joins what first.
 */
import type { InstanceRecord, StatusOverride } from '../store/instance-record.ts';
import { servedStatus } from './status-rules.ts';
import type { EpochMs } from './time.ts';

/** What a node, or the store, knows of one instance. */
export interface Life {
  /** Store time of the last sign of life; 0: none known. */
  readonly heard: EpochMs;
  /** Store time of the last cancel; 0: none known. An eviction is no cancel: it buries only what it knew. */
  readonly cancelledAt: EpochMs;
  /** The last content known; undefined where only a cancel is. */
  readonly record: InstanceRecord | undefined;
}

/** The latest word counts; a tie is a cancel. */
export function alive({ heard, cancelledAt, record }: Life): boolean {
  return record !== undefined && heard > cancelledAt;
}

export function joinLife(a: Life, b: Life): Life {
  const cancelledAt = Math.max(a.cancelledAt, b.cancelledAt);
  return {
    heard: Math.max(a.heard, b.heard),
    cancelledAt,
    record: joinedRecord(a.record, b.record, cancelledAt),
  };
}

function joinedRecord(
  a: InstanceRecord | undefined,
  b: InstanceRecord | undefined,
  cancelledAt: EpochMs,
): InstanceRecord | undefined {
  const body = laterBody(a, b);
  if (body === undefined) return undefined;
  const other = body === a ? b : a;
  const latest = laterOverride(body.override, other?.override);
  // An override dies with the instance that it was set on.
  const override = latest !== undefined && latest.setAt > cancelledAt ? latest : undefined;
  if (sameOverride(override, body.override)) return body;
  return { ...body, override, info: { ...body.info, status: statusUnder(override, body, other) } };
}

/** What is served once another history's override, or the end of ours, is taken over. */
function statusUnder(
  override: StatusOverride | undefined,
  body: InstanceRecord,
  other: InstanceRecord | undefined,
): InstanceRecord['info']['status'] {
  const own = body.info.status;
  if (override?.status !== undefined) {
    return servedStatus({ candidate: own, override: override.status, held: undefined, replication: true });
  }
  // The override that made our status is gone: what it was cleared to stands on the other side, if that was not under it too.
  const ours = body.override?.status;
  if (ours === undefined || own !== ours) return own;
  return other === undefined || other.override?.status === ours ? 'UP' : other.info.status;
}

/** The newer by the client's own clock, then by acceptance (protocol 7.5); what is equal in both is decided by content, the same everywhere. */
function laterBody(a: InstanceRecord | undefined, b: InstanceRecord | undefined): InstanceRecord | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const order =
    a.info.lastDirtyTimestamp - b.info.lastDirtyTimestamp ||
    a.acceptedAt - b.acceptedAt ||
    a.updatedAt - b.updatedAt ||
    (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  return order >= 0 ? a : b;
}

function laterOverride(a: StatusOverride | undefined, b: StatusOverride | undefined): StatusOverride | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const order = a.setAt - b.setAt || (String(a.status) < String(b.status) ? -1 : 1);
  return order >= 0 ? a : b;
}

function sameOverride(a: StatusOverride | undefined, b: StatusOverride | undefined): boolean {
  return a?.setAt === b?.setAt && a?.status === b?.status;
}
