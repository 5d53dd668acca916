// Lua scripts are read at start from beside the code that calls them; tsc copies only TypeScript.
import { cpSync } from 'node:fs';

cpSync(new URL('../src/', import.meta.url), new URL('../dist/', import.meta.url), {
  recursive: true,
  filter: (source) => !/\.[cm]?ts$/.test(source),
});
