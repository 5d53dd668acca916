/** POST apps/{app}: what becomes of a registration. */
import type { InstanceInfo, InstanceStatus } from '@heureka/client-sdk/protocol';
import { type InstanceRecord, RECORD_SCHEMA, type StatusOverride } from '../store/instance-record.ts';
import type { Decision, Held } from './ledger.ts';
import { servedStatus } from './status-rules.ts';
import type { EpochMs } from './time.ts';

/**
 * A new lease in any case; the content of the newer dirty timestamp, the incoming one where they are equal.
 *
 * @see Netflix eureka `AbstractInstanceRegistry#register`
 */
export function registrationRule(
  info: InstanceInfo,
  replication: boolean,
): (held: Held | undefined, now: EpochMs) => Decision {
  return (held, now) => {
    const stored = held?.record;
    // Without a timestamp of its own a registration is newer than all before: now, but never behind what another clock stored (F13).
    const dirty = info.lastDirtyTimestamp ?? Math.max(now, stored?.info.lastDirtyTimestamp ?? 0);
    const content = stored !== undefined && stored.info.lastDirtyTimestamp > dirty ? stored.info : info;
    const override = overrideOf(content, stored, now);
    const status = servedStatus({
      candidate: content.status,
      override: override?.status,
      held: stored?.info.status,
      replication,
    });
    const record: InstanceRecord = {
      ...stored,
      v: RECORD_SCHEMA,
      info: {
        ...content,
        lastDirtyTimestamp: content === info ? dirty : stored!.info.lastDirtyTimestamp,
        status,
        overriddenStatus: 'UNKNOWN',
        actionType: undefined,
      },
      acceptedAt: content === info ? now : stored!.acceptedAt,
      registeredAt: now,
      serviceUpAt: serviceUpAt(stored, status, now),
      updatedAt: now,
      override,
      action: 'ADDED',
    };
    return { is: 'put', record, why: 'register', beat: true, answer: { is: 'done' } };
  };
}

/** A registrant brings an override only where none is known (a peer's copy must not undo ours), and not with a content that is older than ours. */
function overrideOf(info: InstanceInfo, stored: InstanceRecord | undefined, now: EpochMs): StatusOverride | undefined {
  if (stored?.override?.status !== undefined) return stored.override;
  if (info.overriddenStatus !== 'UNKNOWN') return { status: info.overriddenStatus, setAt: now };
  return stored?.override;
}

/** When the instance first took traffic; kept from then on. */
export function serviceUpAt(stored: InstanceRecord | undefined, status: InstanceStatus, now: EpochMs): EpochMs {
  const since = stored?.serviceUpAt ?? 0;
  return since === 0 && status === 'UP' ? now : since;
}
