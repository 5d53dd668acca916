/** Lists as text, around texts of instances that were made before. */
import type { ServedInstance } from '../replica/replica-reader.ts';
import type { InstanceTexts } from './instance-texts.ts';
import type { Counters, Layout } from './layout.ts';

/** `applications`: what `apps`, `apps/delta` and `vips` answer. @param instances - in canonical order */
export function listText(
  instances: readonly ServedInstance[],
  counters: Counters,
  layout: Layout,
  texts: InstanceTexts,
): string {
  const parts = [layout.head(counters)];
  let app: string | undefined;
  for (const served of instances) {
    if (served.app === app) parts.push(layout.comma);
    else {
      if (app !== undefined) parts.push(layout.closeApp, layout.comma);
      parts.push(layout.openApp(served.app));
      app = served.app;
    }
    parts.push(texts.of(served, layout));
  }
  if (app !== undefined) parts.push(layout.closeApp);
  parts.push(layout.tail(counters));
  return parts.join('');
}

/** `application`: what `apps/{app}` answers. @param instances - all of `name`, in canonical order */
export function appText(
  name: string,
  instances: readonly ServedInstance[],
  layout: Layout,
  texts: InstanceTexts,
): string {
  const [before, after] = layout.alone;
  const inner = instances.map((served) => texts.of(served, layout)).join(layout.comma);
  return `${before}${layout.openApp(name)}${inner}${layout.closeApp}${after}`;
}
