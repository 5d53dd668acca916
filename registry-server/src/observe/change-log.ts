/** One log line for each change of the registry and of this node's standing. */
import type { AppliedChange, ReplicaReader } from '../replica/replica-reader.ts';
import { forLog, type Log } from './log.ts';

/** @returns what ends it; where such lines are not written, nothing is worked out for them */
export function logChanges(replica: Pick<ReplicaReader, 'onChange' | 'onReset' | 'size'>, log: Log): () => void {
  if (log.isLevelEnabled?.('info') === false) return () => {};
  const endChanges = replica.onChange((change) => log.info(facts(change), message(change)));
  const endResets = replica.onReset(({ epoch, version }) =>
    log.info({ epoch, version, instances: replica.size }, 'the registry was loaded'),
  );
  return () => {
    endChanges();
    endResets();
  };
}

function facts({ app, id, cursor, after }: AppliedChange): object {
  return { app: forLog(app), id: forLog(id), version: cursor.version, ...(after && { status: after.info.status }) };
}

function message({ before, after }: AppliedChange): string {
  if (after === undefined) return 'instance removed';
  if (before === undefined) return 'instance registered';
  if (before.info.status !== after.info.status) return 'instance changed its status';
  return 'instance changed';
}
