import { defineConfig } from 'vitest/config';

// Tests run the sources of all packages as they stand: `heureka-source` comes first in every package's exports.
const conditions = ['heureka-source', 'module', 'node', 'development|production'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['{client-sdk,registry-server}/src/**/*.test.ts', '{test,examples}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});
