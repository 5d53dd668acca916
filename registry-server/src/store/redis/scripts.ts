/** The Lua scripts that lie beside this file, each behind the prelude, with the digest by which Redis knows it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const NAMES = [
  'attach',
  'found',
  'seed',
  'open',
  'load',
  'page',
  'read',
  'commit',
  'renew',
  'tick',
  'due',
  'leave',
] as const;
export type ScriptName = (typeof NAMES)[number];

export interface Script {
  readonly lua: string;
  readonly sha: string;
}

/** @throws when a `.lua` file is missing: the package was built without copying them */
export function readScripts(): Readonly<Record<ScriptName, Script>> {
  const prelude = textOf('prelude');
  const scripts = NAMES.map((name): [ScriptName, Script] => {
    const lua = prelude + textOf(name);
    return [name, { lua, sha: createHash('sha1').update(lua).digest('hex') }];
  });
  return Object.fromEntries(scripts) as Record<ScriptName, Script>;
}

function textOf(name: string): string {
  return readFileSync(new URL(`./${name}.lua`, import.meta.url), 'utf8');
}
