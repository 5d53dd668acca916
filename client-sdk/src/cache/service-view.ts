/**
 * One service as it is shown: immutable, made new for each change. Age and staleness are those of the whole cache and are read live, so that a
 * view that somebody holds tells the truth about its age.
 */
import type { Instance } from '../api.ts';
import { difference } from './difference.ts';
import type { CachedService } from './instance-cache.ts';

/** How old the cache's knowledge is. */
export interface Freshness {
  readonly ageMs: number;
  readonly stale: boolean;
}

/** Who belongs to a service: those that the source lists, and those that it has stopped listing but that may be there still. */
export interface Members {
  readonly listed: readonly Instance[];
  readonly doubted: readonly Instance[];
}

const NOBODY: readonly Instance[] = Object.freeze([]);
const NO_IDS: ReadonlySet<string> = new Set();

/**
 * The view after a change; `before` itself where nothing that is shown has changed.
 *
 * Doubted instances come last, and only while fewer are UP in the list than in doubt: then the list is what is to be doubted. `added`, `removed`
 * and `changed` are about `instances`: who leaves UP is removed.
 *
 * @param known - the name has been listed at some time
 */
export function viewOf(
  service: string,
  { listed, doubted }: Members,
  known: boolean,
  before: CachedService | undefined,
  freshness: Freshness,
): CachedService {
  const up = listed.every(isUp) ? listed : listed.filter(isUp);
  const doubtedUp = doubted.filter(isUp);
  const usable = doubtedUp.length > up.length;
  const all = usable ? [...listed, ...doubted] : listed;
  const instances = usable ? [...up, ...doubtedUp] : up;
  const unconfirmed = usable ? new Set(doubtedUp.map(({ id }) => id)) : NO_IDS;
  if (before?.known === known && sameList(before.all, all) && sameIds(before.unconfirmed, unconfirmed)) return before;
  const changes = difference(before?.instances ?? NOBODY, instances);
  return Object.freeze({
    service,
    instances: Object.freeze(instances),
    all: Object.freeze(all),
    unconfirmed,
    known,
    added: Object.freeze(changes.added),
    removed: Object.freeze(changes.removed),
    changed: Object.freeze(changes.changed),
    get ageMs() {
      return freshness.ageMs;
    },
    get stale() {
      return freshness.stale;
    },
  });
}

function isUp({ status }: Instance): boolean {
  return status === 'UP';
}

function sameList(a: readonly Instance[], b: readonly Instance[]): boolean {
  return a === b || (a.length === b.length && a.every((instance, at) => instance === b[at]));
}

function sameIds(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a === b || (a.size === b.size && [...a].every((id) => b.has(id)));
}
