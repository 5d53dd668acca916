import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

/** One forbidden import a rule: what it imports, from where. A target without slash is a library. */
const FORBIDDEN: readonly (readonly [rule: string, from: string, to: string])[] = [
  ['no-cycles', 'client-sdk/src/cache/a.ts', 'client-sdk/src/cache/b.ts'],
  ['nothing-imports-a-test', 'client-sdk/src/cache/c.ts', 'client-sdk/src/cache/c.test.ts'],
  ['the-sdk-knows-no-server', 'client-sdk/src/observe/x.ts', 'registry-server/src/registry/x.ts'],
  [
    'the-server-knows-only-the-wire-and-the-clock-of-the-sdk',
    'registry-server/src/http/x.ts',
    'client-sdk/src/call/x.ts',
  ],
  ['users-import-packages-not-files', 'examples/x/main.ts', 'client-sdk/src/cache/d.ts'],
  ['only-transport-names-undici', 'client-sdk/src/call/y.ts', 'undici'],
  ['only-breaker-names-opossum', 'client-sdk/src/balancer/y.ts', 'opossum'],
  ['only-store-redis-names-ioredis', 'registry-server/src/registry/y.ts', 'ioredis'],
  ['only-http-names-hono', 'registry-server/src/views/y.ts', 'hono'],
  ['protocol-reaches-only-what-it-may', 'client-sdk/src/protocol/z.ts', 'client-sdk/src/runtime/clock.ts'],
  ['runtime-reaches-only-what-it-may', 'client-sdk/src/runtime/z.ts', 'client-sdk/src/api.ts'],
  ['balancer-reaches-only-what-it-may', 'client-sdk/src/balancer/z.ts', 'client-sdk/src/call/z.ts'],
  ['call-reaches-only-what-it-may', 'client-sdk/src/call/w.ts', 'client-sdk/src/transport/z.ts'],
  ['registry-reaches-only-what-it-may', 'registry-server/src/registry/z.ts', 'registry-server/src/http/z.ts'],
  ['views-reaches-only-what-it-may', 'registry-server/src/views/z.ts', 'registry-server/src/store/registry-store.ts'],
  ['resources-touch-no-store', 'registry-server/src/http/w.ts', 'registry-server/src/store/redis/w.ts'],
  [
    'only-composition-roots-import-adapters',
    'registry-server/src/replica/w.ts',
    'registry-server/src/store/memory/w.ts',
  ],
];

/** What closes the circles: a cycle of two files, and one of two folders whose files do not import each other. */
const WAYS_BACK: readonly (readonly [from: string, to: string])[] = [
  ['client-sdk/src/cache/b.ts', 'client-sdk/src/cache/a.ts'],
  ['client-sdk/src/observe/p.ts', 'client-sdk/src/testing/p.ts'],
  ['client-sdk/src/testing/q.ts', 'client-sdk/src/observe/q.ts'],
];

let house: string;
let broken: ReadonlySet<string>;

beforeAll(() => {
  house = mkdtempSync(join(tmpdir(), 'heureka-rules-'));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(house, path)), { recursive: true });
    writeFileSync(join(house, path), text);
  };
  for (const library of ['undici', 'opossum', 'ioredis', 'hono']) {
    write(`node_modules/${library}/package.json`, JSON.stringify({ name: library, main: 'index.js' }));
    write(`node_modules/${library}/index.js`, '');
  }
  write('tsconfig.json', '{ "compilerOptions": { "module": "nodenext" } }');
  const imports = [...FORBIDDEN.map(([, from, to]) => [from, to] as const), ...WAYS_BACK];
  for (const [, to] of imports) if (to.includes('/')) write(to, 'export {};\n');
  for (const [from, to] of imports) {
    const target = to.includes('/') ? `./${relative(dirname(from), to)}` : to;
    write(from, `import '${target}';\n`);
  }
  broken = new Set(['.dependency-cruiser.cjs', '.dependency-cruiser.folders.cjs'].flatMap(violations));
});

function violations(config: string): string[] {
  const depcruise = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const run = spawnSync(process.execPath, [depcruise, '--config', join(ROOT, config), '--output-type', 'json', '.'], {
    cwd: house,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  const report = JSON.parse(run.stdout) as {
    summary: { violations: { rule: { name: string }; from: string; to: string }[] };
  };
  return report.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
}

afterAll(() => rmSync(house, { recursive: true, force: true }));

test.each(FORBIDDEN.map(([rule, from, to]) => ({ rule, from, to })))(
  'the rule "$rule" is broken when $from imports $to',
  ({ rule, from, to }) => {
    const target = to.includes('/') ? to : `node_modules/${to}/index.js`;
    expect(broken).toContain(`${rule}: ${from} -> ${target}`);
  },
);

test('the rule "no-cycles-of-folders" is broken when two folders import each other', () => {
  expect(broken).toContain('no-cycles-of-folders: client-sdk/src/observe -> client-sdk/src/testing');
});
