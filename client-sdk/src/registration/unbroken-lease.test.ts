import { expect, test } from 'vitest';
import { UnbrokenLease } from './unbroken-lease.ts';

test('beats renewed by the server that took the registration tell since when it has held us', () => {
  const lease = new UnbrokenLease();
  lease.registered('a', 100);
  expect(lease.renewed('a', 200, 210)).toEqual({ server: 'a', heldSince: 100, askedAt: 200 });
  expect(lease.renewed('a', 300, 310)).toEqual({ server: 'a', heldSince: 100, askedAt: 300 });
});

test('after each registration, and after a loss, the time begins anew', () => {
  const lease = new UnbrokenLease();
  lease.registered('a', 100);
  lease.registered('a', 400);
  expect(lease.renewed('a', 500, 510)?.heldSince).toBe(400);
  lease.lost();
  expect(lease.renewed('a', 600, 610)).toBeUndefined();
  expect(lease.renewed('a', 700, 710)?.heldSince).toBe(610);
});

test('another server that renews a beat has known us since then, as far as we can tell', () => {
  const lease = new UnbrokenLease();
  lease.registered('a', 100);
  expect(lease.renewed('b', 200, 210)).toBeUndefined();
  expect(lease.renewed('b', 300, 310)).toEqual({ server: 'b', heldSince: 210, askedAt: 300 });
  expect(lease.renewed('a', 400, 410)).toBeUndefined();
});
