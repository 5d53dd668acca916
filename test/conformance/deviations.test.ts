import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DEVIATIONS, type Deviation } from './deviations.ts';

test('the documentation lists each deviation with its reason, and no other', () => {
  const page = readFileSync(new URL('../../docs/eureka-compatibility.md', import.meta.url), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const listed = rows.map((row) =>
    row
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, 5),
  );
  expect(listed).toEqual(
    Object.entries(DEVIATIONS).map(([name, { ours, stock, why }]) => [`\`${name}\``, ours, stock, why]),
  );
});

test('each deviation says what ours does, what stock does, and why', () => {
  for (const deviation of Object.values<Deviation>(DEVIATIONS)) {
    expect(Object.values(deviation)).not.toContain('');
  }
});
