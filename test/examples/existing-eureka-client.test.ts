import { expect, test } from 'vitest';
import { runExample } from './run-example.ts';

test('existing-eureka-client: a service with eureka-js-client and one with our SDK find and call each other', async () => {
  const { code, output } = await runExample('existing-eureka-client/main.ts');
  expect(output.trim().split('\n')).toEqual([
    'our SDK found and called it: http://legacy/hello was answered by legacy',
    'eureka-js-client found ours: 127.0.0.1 was answered by modern',
  ]);
  expect(code).toBe(0);
});
