import type { AppInstances } from './app-instances.ts';

export interface Named {
  readonly app: string;
  readonly id: string;
}

/** One batch that removes more than this share of an application of at least so many is doubted like an absence. */
const MASS_SHARE = 0.7;
const MASS_SIZE = 4;

/**
 * The applications of which one batch removes so much that a mass expiry is likelier than so many goodbyes: a delta does not say whether an
 * instance was cancelled or evicted.
 *
 * @param apps - by name in lower case; what is in doubt already does not count
 */
export function massRemovals(
  apps: ReadonlyMap<string, AppInstances>,
  removed: readonly Named[],
): ReadonlySet<AppInstances> {
  const mass = new Set<AppInstances>();
  if (removed.length <= MASS_SIZE * MASS_SHARE) return mass;
  const counts = new Map<AppInstances, number>();
  for (const { app: name, id } of removed) {
    const app = apps.get(name.toLowerCase());
    if (app?.listed.has(id)) counts.set(app, (counts.get(app) ?? 0) + 1);
  }
  for (const [app, count] of counts) {
    if (app.listed.size >= MASS_SIZE && count / app.listed.size > MASS_SHARE) mass.add(app);
  }
  return mass;
}
