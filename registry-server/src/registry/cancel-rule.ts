/** DELETE apps/{app}/{id}: an instance leaves by its own word. */
import type { InstanceKey } from '../store/instance-key.ts';
import type { Decision, Held } from './ledger.ts';
import type { EpochMs } from './time.ts';

/** Estimates of store time differ by less: a tick that takes longer is none. */
const ESTIMATES_MS = 1_000;

/**
 * A cancel of what nobody holds is answered 404 and remembered all the same: another node's copy, or one that a restore brings back, must not
 * outlive it (F2). A cancel spares what was accepted after it arrived: when the rule runs again on such a copy, there is nothing to cancel (F6).
 *
 * Each node estimates store time for itself, so another one may have accepted before what bears a later time: what this node held when the
 * request came is never spared, and of what it had not heard of, only what is later by more than estimates differ.
 *
 * @param arrivedAt - store time when the request came
 * @param known - what this node held then
 */
export function cancelRule(
  key: InstanceKey,
  arrivedAt: EpochMs,
  known: Held | undefined,
): (held: Held | undefined, now: EpochMs) => Decision {
  const latest = known === undefined ? arrivedAt + ESTIMATES_MS : Math.max(arrivedAt, known.record.registeredAt);
  return (held, now) => {
    if (held !== undefined && held.record.registeredAt > latest) {
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
