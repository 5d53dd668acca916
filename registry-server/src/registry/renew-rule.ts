/** PUT apps/{app}/{id}: what a heartbeat means. */

import type { Decision, Held } from './ledger.ts';
import { serviceUpAt } from './registration-rule.ts';
import type { Answer, Beat } from './registry.ts';
import { servedInfo } from './served-info.ts';
import { servedStatus } from './status-rules.ts';
import type { EpochMs } from './time.ts';

const DONE: Answer = { is: 'done' };
const NO_LEASE: Decision = { is: 'keep', answer: { is: 'unknown', reason: 'no such instance' }, beat: false };
const UNKNOWN_STATUS: Decision = {
  is: 'keep',
  answer: { is: 'unknown', reason: 'its status is UNKNOWN: it must register again' },
  beat: false,
};
const RENEWED: Decision = { is: 'keep', answer: DONE, beat: true };
const STALE_COPY: Answer = { is: 'unknown', reason: 'the client has a newer version: it must register again' };
const REGISTER_AGAIN: Decision = { is: 'keep', answer: STALE_COPY, beat: true };

/**
 * The decision table of a heartbeat. A beat that changes nothing (nearly all) answers a constant.
 *
 * @param time - store time, read only where something changes
 * @see Netflix eureka `InstanceResource#renewLease`, `#validateDirtyTimestamp`
 */
export function renewDecision(
  held: Held | undefined,
  beat: Beat,
  replication: boolean,
  time: { readonly now: EpochMs },
): Decision {
  if (held === undefined) return NO_LEASE;
  const { record } = held;
  const { info } = record;
  const status = servedStatus({
    candidate: info.status,
    override: record.override?.status,
    held: info.status,
    replication,
  });
  if (status === 'UNKNOWN') return UNKNOWN_STATUS;
  const answer = answerOf(held, beat, replication);
  const brought =
    answer === STALE_COPY && replication && beat.overriddenStatus !== undefined && beat.overriddenStatus !== 'UNKNOWN'
      ? beat.overriddenStatus
      : undefined;
  if (status === info.status && (brought === undefined || brought === record.override?.status)) {
    return answer === DONE ? RENEWED : answer === STALE_COPY ? REGISTER_AGAIN : { is: 'keep', answer, beat: true };
  }
  const { now } = time;
  return {
    is: 'put',
    record: {
      ...record,
      info: { ...info, status },
      serviceUpAt: serviceUpAt(record, status, now),
      override: brought === undefined ? record.override : { status: brought, setAt: now },
      // Stock changes the status in silence, and full list and delta disagree; ours announces it.
      updatedAt: now,
      action: 'MODIFIED',
    },
    why: 'status',
    beat: true,
    answer,
  };
}

function answerOf({ record, heardAt }: Held, { lastDirtyTimestamp: theirs }: Beat, replication: boolean): Answer {
  const ours = record.info.lastDirtyTimestamp;
  if (theirs === undefined || theirs === ours) return DONE;
  if (theirs > ours) return STALE_COPY;
  return replication ? { is: 'conflict', held: servedInfo(record, heardAt) } : DONE;
}
