/** DELETE apps/{app}/{id}: an instance leaves by its own word. */
import type { InstanceKey } from '../store/instance-key.ts';
import type { Decision, Held } from './ledger.ts';
import type { EpochMs } from './time.ts';

/**
 * A cancel of what nobody holds is answered 404 and remembered all the same: another node's copy, or one that a restore brings back, must not
 * outlive it (F2). A cancel spares what was accepted after it arrived: when the rule runs again on such a copy, there is nothing to cancel (F6).
 *
 * @param arrivedAt - store time when the request came
 */
export function cancelRule(key: InstanceKey, arrivedAt: EpochMs): (held: Held | undefined, now: EpochMs) => Decision {
  return (held, now) => {
    if (held !== undefined && held.record.registeredAt > arrivedAt) {
      return { is: 'keep', answer: { is: 'done' }, beat: false };
    }
    return {
      is: 'remove',
      removal: {
        kind: 'remove',
        key,
        last: held?.record,
        why: 'cancel',
        heard: held?.heardAt ?? 0,
        cancelledAt: Math.max(now, held?.heardAt ?? 0),
      },
      answer: held === undefined ? { is: 'unknown', reason: 'no such instance' } : { is: 'done' },
    };
  };
}
