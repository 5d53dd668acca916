import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PAGE, withServerOptions } from '../scripts/configuration-page.ts';

test('docs/configuration.md says what the option table says (else run registry-server/scripts/configuration-page.ts)', () => {
  const page = readFileSync(PAGE, 'utf8');
  expect(page).toBe(withServerOptions(page));
});
