/** PUT apps/{app}/{id}/metadata: entries laid over those of the registration, until the client registers again with its own. */
import type { Decision, Held } from './ledger.ts';
import type { EpochMs } from './time.ts';

/**
 * It counts as a registration with the dirty timestamp that is stored: a new lease, ADDED in the delta.
 *
 * @see Netflix eureka `InstanceResource#updateMetadata`
 */
export function metadataRule(
  entries: Readonly<Record<string, string>>,
): (held: Held | undefined, now: EpochMs) => Decision {
  return (held, now) => {
    if (held === undefined) return { is: 'keep', answer: { is: 'unknown', reason: 'no such instance' }, beat: false };
    const { record } = held;
    const metadata = Object.assign(Object.create(null), record.info.metadata, entries);
    return {
      is: 'put',
      record: {
        ...record,
        info: { ...record.info, metadata },
        acceptedAt: now,
        registeredAt: now,
        updatedAt: now,
        action: 'ADDED',
      },
      why: 'metadata',
      beat: true,
      answer: { is: 'done' },
    };
  };
}
