import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  appPath,
  appsPath,
  deltaPath,
  heartbeatPath,
  instancePath,
  metadataPath,
  secureVipPath,
  statusPath,
  vipPath,
} from './paths.ts';

test('paths stand below a base', () => {
  expect([appsPath(), deltaPath(), appPath('A')]).toEqual(['/apps/', '/apps/delta', '/apps/A']);
  expect([vipPath('v'), secureVipPath('v')]).toEqual(['/vips/v', '/svips/v']);
  expect([statusPath('A', 'i'), metadataPath('A', 'i')]).toEqual(['/apps/A/i/status', '/apps/A/i/metadata']);
  expect(heartbeatPath('A', 'h:a:1', 'UP', 1000)).toBe('/apps/A/h%3Aa%3A1?status=UP&lastDirtyTimestamp=1000');
});

test('any name and id come back from their segments', () => {
  const name = fc.string({ unit: 'binary', minLength: 1 });
  fc.assert(
    fc.property(name, name, (app, id) => {
      const path = instancePath(app, id);
      expect(path).toMatch(/^\/apps\/[^/?#\s]+\/[^/?#\s]+$/);
      expect(path.split('/').slice(2).map(decodeURIComponent)).toEqual([app.toWellFormed(), id.toWellFormed()]);
    }),
  );
});
