import { expect, test } from 'vitest';
import type { DiscoveryOptions } from './api.ts';
import { discoveryOptions } from './discovery-options.ts';
import { OptionsError } from './errors.ts';

const urlsOf = (options: DiscoveryOptions, environment = {}): Record<string, readonly string[]> =>
  Object.fromEntries(discoveryOptions(options, environment).registry?.urls ?? []);

test('without any option the registry is a local Eureka, and nothing waits for it', () => {
  expect(discoveryOptions({}, {})).toMatchObject({ start: 'background', readyMs: 5_000, zone: undefined });
  expect(urlsOf({})).toEqual({ '': ['http://localhost:8761/eureka'] });
});

test('URLs come from the option, else from HEUREKA_URL, else from EUREKA_URL; a comma separates them, a trailing slash does not count', () => {
  const environment = { EUREKA_URL: 'http://a/eureka/,http://b/eureka' };
  expect(urlsOf({}, environment)).toEqual({ '': ['http://a/eureka', 'http://b/eureka'] });
  expect(urlsOf({}, { ...environment, HEUREKA_URL: 'http://c/eureka' })).toEqual({ '': ['http://c/eureka'] });
  expect(urlsOf({ registry: 'http://d/eureka' }, environment)).toEqual({ '': ['http://d/eureka'] });
  expect(urlsOf({ registry: { urls: { z1: ['http://e/'], z2: ['http://f'] } } })).toEqual({
    z1: ['http://e'],
    z2: ['http://f'],
  });
});

test('the zone comes from the option, else from HEUREKA_ZONE', () => {
  expect(discoveryOptions({}, { HEUREKA_ZONE: 'b' }).zone).toBe('b');
  expect(discoveryOptions({ zone: 'a' }, { HEUREKA_ZONE: 'b' }).zone).toBe('a');
});

test('all bad options are reported at once, each with what it got and what it accepts, and no password is shown', () => {
  const bad = {
    start: 'soon',
    readyMs: -1,
    registry: { urls: ['ftp://user:secret@host/'], pollMs: 5, timeoutMs: Number.NaN },
    subscribe: 'orders',
  } as unknown as DiscoveryOptions;
  const error = (() => {
    try {
      discoveryOptions(bad, {});
    } catch (thrown) {
      return thrown;
    }
    return undefined;
  })();
  expect(error).toBeInstanceOf(OptionsError);
  expect((error as OptionsError).problems.map(({ option }) => option)).toEqual([
    'start',
    'readyMs',
    'subscribe',
    'registry.pollMs',
    'registry.timeoutMs',
    'registry',
  ]);
  expect((error as Error).message).toContain('readyMs must be a number of ms, 0 or more, got -1');
  expect((error as Error).message).not.toContain('secret');
});

test('an empty list of URLs, or a source beside a registry, is an error', () => {
  expect(() => discoveryOptions({ registry: [] }, {})).toThrow(/at least one URL/);
  const source = { open: () => Promise.resolve() };
  expect(() => discoveryOptions({ source, registry: 'http://a' }, {})).toThrow(/absent where source is given/);
  expect(discoveryOptions({ source }, {}).registry).toBeUndefined();
});

test('a misspelt option is named, with the options that there are; its value, which may be a secret, is not shown', () => {
  const given = {
    zoen: 'a',
    registry: { urls: ['http://a'], atuh: { bearer: 'hush' } },
    defaults: { totlMs: 1, breaker: { minCals: 5 } },
    services: { orders: { retry: { attemps: 3 } } },
  };
  let error: unknown;
  try {
    discoveryOptions(given as DiscoveryOptions, {});
  } catch (thrown) {
    error = thrown;
  }
  expect((error as OptionsError).problems.map(({ option }) => option).sort()).toEqual([
    'defaults.breaker.minCals',
    'defaults.totlMs',
    'registry.atuh',
    'services.orders.retry.attemps',
    'zoen',
  ]);
  expect((error as OptionsError).message).toContain(
    'registry.atuh must be one of urls, auth, tls, pollMs, push, timeoutMs, got "atuh"',
  );
  expect((error as OptionsError).message).not.toContain('hush');
});
