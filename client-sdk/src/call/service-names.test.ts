import { expect, test } from 'vitest';
import type { ParsedHost } from '../api.ts';
import { ServiceNames } from './service-names.ts';

function names({
  listed = true,
  known = [] as string[],
  named = [] as string[],
  hosts = undefined as ((host: ParsedHost) => string | undefined) | undefined,
}) {
  return new ServiceNames({
    named: new Set(named),
    hosts,
    listed: () => listed,
    everListed: (name) => known.includes(name.toLowerCase()),
  });
}

test('a name that the registry has listed is a service, in any case of the URL', () => {
  const meaning = names({ known: ['orders'] });
  expect(meaning.meaning('http://orders')).toEqual({ is: 'service', service: 'orders', secure: false });
  expect(meaning.meaning('https://ORDERS')).toEqual({ is: 'service', service: 'orders', secure: true });
});

test('whoever registers the name of a real host does not get its calls', () => {
  const meaning = names({ known: ['api.stripe.com', 'localhost', '10.0.0.1', 'orders'] });
  for (const origin of [
    'https://api.stripe.com',
    'http://localhost',
    'http://10.0.0.1',
    'http://orders:8080',
    'http://[::1]',
    'ws:x',
    'null',
  ]) {
    expect(meaning.meaning(origin)).toEqual({ is: 'host' });
  }
});

test('a name that was never listed is nobody’s, and may become a service later', () => {
  const known: string[] = [];
  const meaning = names({ known });
  expect(meaning.meaning('http://later')).toEqual({ is: 'unlisted', service: 'later' });
  known.push('later');
  expect(meaning.meaning('http://later').is).toBe('service');
  known.pop();
  expect(meaning.meaning('http://later').is).toBe('service');
});

test('before the first list a single label may be a service; everything else passes at once', () => {
  const meaning = names({ listed: false });
  expect(meaning.meaning('http://orders').is).toBe('maybe');
  expect(meaning.meaning('http://example.com').is).toBe('host');
});

test('what the options name is a service before any list, with dots and ports too', () => {
  const meaning = names({ listed: false, named: ['orders', 'billing.internal', 'cart:8080'] });
  for (const origin of ['http://orders', 'http://billing.internal', 'http://cart:8080']) {
    expect(meaning.meaning(origin).is).toBe('service');
  }
});

test('a function of the user’s decides alone', () => {
  const meaning = names({
    known: ['orders'],
    hosts: ({ hostname, port }) => (hostname.endsWith('.svc') && port === '' ? hostname.slice(0, -4) : undefined),
  });
  expect(meaning.meaning('http://cart.svc')).toEqual({ is: 'service', service: 'cart', secure: false });
  expect(meaning.meaning('http://orders')).toEqual({ is: 'host' });
});
