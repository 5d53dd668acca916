/** What a key means: pure, from the key as the terminal sends it and from what is picked now. */
import type { Deed, Target } from '../targets.ts';

export type Meaning =
  | { readonly is: 'pick'; readonly target: Target }
  | { readonly is: 'do'; readonly deed: Deed }
  | { readonly is: 'quit' }
  | { readonly is: 'interrupt' }
  | { readonly is: 'nothing' };

const DEEDS: Readonly<Record<string, Deed>> = { k: 'kill', s: 'slow', x: 'break', h: 'heal' };
const UP = '\u001b[A';
const DOWN = '\u001b[B';
const CTRL_C = '\u0003';

/** @param targets - in the order in which they are shown: instances, zones, the registry */
export function meaning(key: string, targets: readonly Target[], picked: Target): Meaning {
  if (key === CTRL_C) return { is: 'interrupt' };
  if (key === 'q') return { is: 'quit' };
  if (Object.hasOwn(DEEDS, key)) return { is: 'do', deed: DEEDS[key]! };
  const target = key === UP || key === DOWN ? neighbour(targets, picked, key === UP ? -1 : 1) : named(targets, key);
  return target === undefined ? { is: 'nothing' } : { is: 'pick', target };
}

/** Around the ends. */
function neighbour(targets: readonly Target[], { name }: Target, step: 1 | -1): Target | undefined {
  const at = targets.findIndex((target) => target.name === name);
  return targets[(at + step + targets.length) % targets.length];
}

function named(targets: readonly Target[], key: string): Target | undefined {
  if (/^[1-9]$/.test(key)) return targets.filter(({ is }) => is === 'instance')[Number(key) - 1];
  if (key === 'r') return targets.find(({ is }) => is === 'registry');
  return key.length === 1 ? targets.find(({ is, name }) => is === 'zone' && name.endsWith(`-${key}`)) : undefined;
}

/** Keys that came in one piece, as when several are pressed at once: an escape sequence is one key. */
export function keysOf(text: string): readonly string[] {
  return text.match(/\u001b\[[A-Z]|[\s\S]/gu) ?? [];
}
