/** Follows the change log, and notices when it is no longer the log that it followed. */
import { type Change, Diverged, type Position, StoreAway } from '../registry-store.ts';
import { PAGE } from '../store-limits.ts';
import { decodeEntry, type StreamEntry } from './codec.ts';
import type { RedisKeys } from './keys.ts';
import type { RedisLink } from './link.ts';
import { attachArguments, decodeStanding } from './standing.ts';

/** A blocked reader is not woken when its log is deleted, so each second it looks for itself. */
const BLOCK_MS = 1_000;

/** Batches as they come; reads on only when the last one was taken, so nothing piles up here. Ends when `signal` aborts. */
export async function* tail(
  link: RedisLink,
  keys: RedisKeys,
  after: Position,
  signal: AbortSignal,
): AsyncGenerator<readonly Change[]> {
  let at = after;
  try {
    await link.ready();
    await prove(link, at);
    while (!signal.aborted) {
      const answer = (await link.ask((client) =>
        client.xread('COUNT', PAGE, 'BLOCK', BLOCK_MS, 'STREAMS', keys.changes, `${at.version}-0`),
      )) as [string, StreamEntry[]][] | null;
      const entries = answer?.[0]?.[1] ?? [];
      if (entries.length === 0) {
        await prove(link, at);
        continue;
      }
      const changes = entries.map(decodeEntry);
      at = followed(at, changes);
      yield changes;
      // Where the connection came back meanwhile, it may lead elsewhere; the next entry's predecessor tells, an idle second proves.
      if (link.client.status !== 'ready' && !signal.aborted) {
        throw new StoreAway('not done', 'the connection that follows the log was lost');
      }
    }
  } catch (error) {
    // Closing the connection is how a blocked read is ended.
    if (!signal.aborted) throw error;
  }
}

async function prove(link: RedisLink, at: Position): Promise<void> {
  const standing = decodeStanding(await link.runUnattached('attach', attachArguments(at)));
  if (standing.kind === 'follows') return;
  throw new Diverged(
    standing.kind === 'diverged' ? `the log is another one: ${standing.why}` : `the store is ${standing.kind}`,
  );
}

/** The position behind a batch. @throws {Diverged} where the batch does not join on to it */
function followed(at: Position, changes: readonly Change[]): Position {
  let { version, token } = at;
  for (const change of changes) {
    if (change.version !== version + 1) throw new Diverged(`the log goes from ${version} to ${change.version}`);
    if (change.previous !== token) throw new Diverged(`entry ${change.version} follows another history`);
    ({ version, token } = change);
  }
  return { epoch: at.epoch, version, token };
}
