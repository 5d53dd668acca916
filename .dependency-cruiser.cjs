/**
 * Who may import whom. Imports point one way: `protocol` and `runtime` import nothing of ours, rules import types of ports, adapters import
 * their port and their library, and only the composition roots import adapters. `npm run imports` checks it; `test/rules` breaks each rule once.
 */
const SDK = '^client-sdk/src/';
const SERVER = '^registry-server/src/';
const TESTS = '\\.(test|contract|fixture)\\.ts$';
/** The places that put the parts together. */
const ROOTS = ['^client-sdk/src/(discovery-client|index)\\.ts$', '^registry-server/src/(server|main|index)\\.ts$'];

/** `library` may be imported from `folder` alone. */
const only = (library, folder, except = []) => ({
  name: `only-${folder.replace(/\/$/, '').replace('/', '-')}-names-${library}`,
  comment: `${library} is a detail of ${folder}: everything else speaks to its port.`,
  severity: 'error',
  from: { path: `(${SDK}|${SERVER})`, pathNot: [`/src/${folder}`, TESTS, ...except] },
  to: { path: `node_modules/${library}(/|$)` },
});

/** `folder` of `side` may import only `allowed` folders or files of that side. */
const reaches = (side, folder, allowed) => ({
  name: `${folder.replace(/\/$/, '')}-reaches-only-what-it-may`,
  comment: `${folder} may import ${allowed.join(', ') || 'nothing of ours'}.`,
  severity: 'error',
  from: { path: `${side}${folder}`, pathNot: [TESTS] },
  to: { path: side, pathNot: [folder, ...allowed].map((name) => `${side}${name}`) },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'nothing-imports-a-test',
      severity: 'error',
      from: { pathNot: [TESTS, '^test/'] },
      to: { path: TESTS },
    },
    {
      name: 'the-sdk-knows-no-server',
      severity: 'error',
      from: { path: SDK },
      to: { path: '^(registry-server|examples|test)/' },
    },
    {
      name: 'the-server-knows-only-the-wire-and-the-clock-of-the-sdk',
      severity: 'error',
      from: { path: SERVER, pathNot: [TESTS] },
      to: { path: SDK, pathNot: [`${SDK}(protocol|runtime)/index\\.ts$`] },
    },
    {
      name: 'users-import-packages-not-files',
      comment: 'Examples are what users write: they see what the packages export.',
      severity: 'error',
      from: { path: '^examples/' },
      to: {
        path: `(${SDK}|${SERVER})`,
        pathNot: [`${SDK}index\\.ts$`, `${SDK}[a-z-]+/index\\.ts$`, `${SERVER}index\\.ts$`],
      },
    },

    only('undici', 'transport/', ['^client-sdk/src/api\\.ts$']),
    only('opossum', 'breaker/'),
    only('ioredis', 'store/redis/'),
    only('hono', 'http/'),
    only('@hono', 'http/'),
    only('pino', 'observe/'),
    only('prom-client', 'observe/'),
    only('saxes', 'xml/'),

    reaches(SDK, 'protocol/', []),
    reaches(SDK, 'runtime/', []),
    reaches(SDK, 'registry-api/', ['protocol/', 'runtime/', 'errors\\.ts', 'api\\.ts']),
    reaches(SDK, 'cache/', ['protocol/', 'runtime/', 'errors\\.ts', 'api\\.ts']),
    reaches(SDK, 'source/', ['cache/', 'registry-api/', 'protocol/', 'runtime/', 'errors\\.ts', 'api\\.ts']),
    reaches(SDK, 'registration/', ['registry-api/', 'protocol/', 'runtime/', 'errors\\.ts', 'api\\.ts']),
    reaches(SDK, 'breaker/', ['protocol/', 'runtime/', 'errors\\.ts', 'api\\.ts']),
    reaches(SDK, 'balancer/', ['breaker/', 'cache/', 'protocol/', 'runtime/', 'errors\\.ts', 'api\\.ts']),
    reaches(SDK, 'call/', [
      'balancer/',
      'cache/',
      'protocol/',
      'runtime/',
      'errors\\.ts',
      'api\\.ts',
      'service-options\\.ts',
    ]),

    reaches(SERVER, 'xml/', []),
    reaches(SERVER, 'registry/', ['store/(registry-store|instance-record|instance-key)\\.ts']),
    reaches(SERVER, 'replica/', ['registry/', 'store/(registry-store|instance-record|instance-key)\\.ts']),
    reaches(SERVER, 'views/', ['xml/', 'replica/replica-reader\\.ts', 'store/instance-key\\.ts']),
    reaches(SERVER, 'push/', ['views/', 'replica/replica-reader\\.ts', 'store/instance-key\\.ts']),
    reaches(SERVER, 'store/', []),
    {
      name: 'resources-touch-no-store',
      severity: 'error',
      from: { path: `${SERVER}(http|push|views|observe|security)/`, pathNot: [TESTS] },
      to: { path: `${SERVER}store/(memory|redis)/` },
    },
    {
      name: 'only-composition-roots-import-adapters',
      severity: 'error',
      from: { path: `(${SDK}|${SERVER})`, pathNot: [`${SERVER}store/(memory|redis)/`, TESTS, ...ROOTS] },
      to: { path: `${SERVER}store/(memory|redis)/` },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['heureka-source', 'import', 'require', 'node', 'default'],
    },
  },
};
