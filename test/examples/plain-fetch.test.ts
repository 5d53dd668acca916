import { expect, test } from 'vitest';
import { runExample } from './run-example.ts';

test('plain-fetch: names work in the built-in fetch, a stopped instance fails no call, other hosts are left alone', async () => {
  const { code, output } = await runExample('plain-fetch/main.ts');
  expect(output.trim().split('\n')).toEqual([
    'http://orders/ was answered by first and second',
    'the first was stopped without a word: 50 more calls, none failed',
    'another host is called as before: second',
    "after dispose(), fetch('http://orders/') says: no host of that name",
  ]);
  expect(code).toBe(0);
});
