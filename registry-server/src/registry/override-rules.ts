/** PUT and DELETE apps/{app}/{id}/status: an operator's word on the status of one instance. */
import type { InstanceStatus } from '@heureka/client-sdk/protocol';
import type { InstanceRecord, StatusOverride } from '../store/instance-record.ts';
import type { Decision, Held } from './ledger.ts';
import { serviceUpAt } from './registration-rule.ts';
import type { Answer } from './registry.ts';
import type { EpochMs } from './time.ts';

const DONE: Answer = { is: 'done' };
const UNKNOWN: Decision = { is: 'keep', answer: { is: 'unknown', reason: 'no such instance' }, beat: false };
/** Both verbs extend the lease, whether or not they change anything. */
const NOTHING_TO_CHANGE: Decision = { is: 'keep', answer: DONE, beat: true };

/**
 * Sets an override. Setting the status that is served already records none.
 *
 * @see Netflix eureka `AbstractInstanceRegistry#statusUpdate`
 */
export function setOverride(
  status: InstanceStatus,
  dirty: number | undefined,
): (held: Held | undefined, now: EpochMs) => Decision {
  return (held, now) => {
    if (held === undefined) return UNKNOWN;
    if (held.record.info.status === status) return NOTHING_TO_CHANGE;
    return changed(held.record, status, { status, setAt: now }, dirty, now);
  };
}

/**
 * Clears an override; `status` is served until the instance registers again. Clearing where there is none changes nothing.
 *
 * @see Netflix eureka `AbstractInstanceRegistry#deleteStatusOverride`
 */
export function clearOverride(
  status: InstanceStatus,
  dirty: number | undefined,
): (held: Held | undefined, now: EpochMs) => Decision {
  return (held, now) => {
    if (held === undefined) return UNKNOWN;
    if (held.record.override?.status === undefined) return NOTHING_TO_CHANGE;
    return changed(held.record, status, { status: undefined, setAt: now }, dirty, now);
  };
}

function changed(
  record: InstanceRecord,
  status: InstanceStatus,
  override: StatusOverride,
  dirty: number | undefined,
  now: EpochMs,
): Decision {
  const lastDirtyTimestamp = Math.max(record.info.lastDirtyTimestamp, dirty ?? 0);
  return {
    is: 'put',
    record: {
      ...record,
      info: { ...record.info, status, lastDirtyTimestamp },
      serviceUpAt: serviceUpAt(record, status, now),
      updatedAt: now,
      override,
      action: 'MODIFIED',
    },
    why: 'status',
    beat: true,
    answer: DONE,
  };
}
