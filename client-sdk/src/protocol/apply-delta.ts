import type { Applications } from './applications.ts';
import { effectiveId, type InstanceInfo } from './instance-info.ts';

/** The instances of a registry: by application, then by effective id. */
export type InstancesByApp = ReadonlyMap<string, ReadonlyMap<string, InstanceInfo>>;

/**
 * A registry with a delta applied. ADDED and MODIFIED both insert or replace; DELETED removes, and an application without instances is gone;
 * an entry without action is ignored. Applying a delta again changes nothing. Maps of applications that the delta does not name are shared.
 *
 * @see Netflix eureka `DiscoveryClient#updateDelta`
 */
export function applyDelta(held: InstancesByApp, delta: Applications): InstancesByApp {
  const next = new Map(held);
  const own = new Map<string, Map<string, InstanceInfo>>();
  for (const { instances } of delta.applications) {
    for (const info of instances) {
      if (info.actionType === undefined) continue;
      let app = own.get(info.app);
      if (app === undefined) {
        app = new Map(held.get(info.app));
        own.set(info.app, app);
        next.set(info.app, app);
      }
      if (info.actionType === 'DELETED') app.delete(effectiveId(info));
      else app.set(effectiveId(info), info);
    }
  }
  for (const [name, app] of own) if (app.size === 0) next.delete(name);
  return next;
}

/** A full list in the same shape. */
export function byApp({ applications }: Applications): InstancesByApp {
  const held = new Map<string, Map<string, InstanceInfo>>();
  for (const { instances } of applications) {
    for (const info of instances) {
      const app = held.get(info.app) ?? new Map<string, InstanceInfo>();
      held.set(info.app, app.set(effectiveId(info), info));
    }
  }
  return held;
}
