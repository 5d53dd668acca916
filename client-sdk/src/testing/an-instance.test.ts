import { expect, test } from 'vitest';
import { anInstance } from './an-instance.ts';

test('what is not given follows from what is', () => {
  expect(anInstance()).toMatchObject({ id: '127.0.0.1:service:8080', url: 'http://127.0.0.1:8080', status: 'UP' });
  expect(anInstance({ address: '::1', port: 1, secure: true }).url).toBe('https://[::1]:1');
  expect(anInstance({ id: 'x', status: 'DOWN' })).toMatchObject({ id: 'x', status: 'DOWN' });
});
