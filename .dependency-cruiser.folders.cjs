/**
 * Data flows one way between folders too: two folders that import each other are one folder, or need a port. A run of its own, because here tests
 * must not be seen at all: those of `runtime` use the testing kit, which is made of everything.
 */
const { options } = require('./.dependency-cruiser.cjs');

const SOURCES = '^(client-sdk|registry-server)/src/[^/]+';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles-of-folders',
      severity: 'error',
      scope: 'folder',
      from: { path: SOURCES },
      to: { circular: true, path: SOURCES },
    },
  ],
  options: { ...options, exclude: { path: '(^|/)dist/|\\.(test|contract|fixture)\\.ts$' } },
};
