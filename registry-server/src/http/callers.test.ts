import type { IncomingMessage } from 'node:http';
import { seededRandom } from '@heureka/client-sdk/runtime';
import { expect, test } from 'vitest';
import { Callers } from './callers.ts';

const request = (headers: Record<string, string> = {}): IncomingMessage =>
  ({ headers, socket: { remoteAddress: '10.0.0.9' } }) as unknown as IncomingMessage;

test('without trusted proxies the header is not believed', () => {
  expect(new Callers(0, seededRandom(1)).address(request({ 'x-forwarded-for': '1.2.3.4' }))).toBe('10.0.0.9');
});

test('with n trusted proxies the n-th address from the right counts, which a client cannot forge', () => {
  const forwarded = request({ 'x-forwarded-for': '6.6.6.6, 1.2.3.4, 10.0.0.1' });
  expect(new Callers(1, seededRandom(1)).address(forwarded)).toBe('10.0.0.1');
  expect(new Callers(2, seededRandom(1)).address(forwarded)).toBe('1.2.3.4');
  expect(new Callers(9, seededRandom(1)).address(forwarded)).toBe('10.0.0.9');
  expect(new Callers(1, seededRandom(1)).address(request({ 'x-forwarded-for': '<script>' }))).toBe('10.0.0.9');
});

test('a plain request id is taken over, anything else is replaced by one of ours', () => {
  const callers = new Callers(0, seededRandom(1));
  expect(callers.requestId(request({ 'x-request-id': 'abc-1' }))).toBe('abc-1');
  const own = [callers.requestId(request({ 'x-request-id': 'a\nb' })), callers.requestId(request())];
  expect(new Set(own).size).toBe(2);
  expect(own[0]).toMatch(/^[\w-]+$/);
});

test('without a verified certificate everybody is anonymous', () => {
  expect(new Callers(0, seededRandom(1)).principal(request())).toBe('anonymous');
});
