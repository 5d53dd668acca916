import { expect, test } from 'vitest';
import { seededRandom } from '../runtime/random.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { ServerChoice } from './server-choice.ts';

const clock = new FakeClock();

function choice(urls: Record<string, readonly string[]>, zone?: string, seed = 1, time = clock): ServerChoice {
  return new ServerChoice({ urls: new Map(Object.entries(urls)), zone, clock: time, random: seededRandom(seed) });
}
const names = (servers: ServerChoice): string[] => servers.candidates().map(({ url }) => url);

test('the own zone’s servers come first, shuffled inside, then all others, shuffled too', () => {
  const urls = { a: ['http://a1', 'http://a2'], b: ['http://b1', 'http://b2'], c: ['http://c1'] };
  const orders = new Set<string>();
  for (let seed = 0; seed < 50; seed++) {
    const order = names(choice(urls, 'b', seed));
    expect(order.slice(0, 2).sort()).toEqual(['http://b1', 'http://b2']);
    expect(order).toHaveLength(5);
    orders.add(order.join());
  }
  expect(orders.size).toBeGreaterThan(6);
});

test('a zone without servers takes those of defaultZone, and without any all are alike', () => {
  const urls = { a: ['http://a1'], defaultZone: ['http://d1'] };
  expect(names(choice(urls, 'x'))[0]).toBe('http://d1');
  const starts = Array.from(
    { length: 30 },
    (_, seed) => names(choice({ a: ['http://a1'], b: ['http://b1'] }, 'x', seed))[0],
  );
  expect(new Set(starts).size).toBe(2);
});

test('who answered is asked first; who failed is left; one that failed while it was first is not shut out', () => {
  const servers = choice({ '': ['http://1', 'http://2', 'http://3', 'http://4'] });
  const [first, second] = servers.candidates();
  servers.failed(first!);
  servers.answered(second!);
  expect(names(servers)[0]).toBe(second!.url);
  expect(names(servers)).not.toContain(first!.url);
  servers.failed(second!);
  expect(names(servers)).toContain(second!.url);
  expect(names(servers)).not.toContain(first!.url);
});

test('there is always somebody to ask, however many failed', () => {
  for (const count of [1, 2, 3, 4, 7]) {
    const servers = choice({ '': Array.from({ length: count }, (_, index) => `http://${index}`) });
    for (let time = 0; time < 50; time++) {
      const list = servers.candidates();
      expect(list.length).toBeGreaterThan(0);
      servers.failed(list[0]!);
    }
  }
});

test('moving on puts the present server last until another has answered', () => {
  const servers = choice({ '': ['http://1', 'http://2'] });
  const [first, second] = servers.candidates();
  servers.answered(first!);
  servers.moveOn();
  expect(names(servers)).toEqual([second!.url, first!.url]);
  servers.answered(second!);
  servers.failed(second!);
  expect(names(servers)).toHaveLength(2);
  const alone = choice({ '': ['http://one'] });
  alone.moveOn();
  expect(names(alone)).toEqual(['http://one']);
});

test('a session ends after 10 to 30 minutes, and the own zone is asked first again', async () => {
  const time = new FakeClock();
  const servers = choice({ a: ['http://a'], b: ['http://b'] }, 'a', 1, time);
  const [near, far] = servers.candidates();
  servers.answered(far!);
  servers.renewSession();
  expect(servers.first).toBe(far);
  expect([servers.isNear(near!), servers.isNear(far!)]).toEqual([true, false]);
  expect(servers.sessionLeftMs).toBeGreaterThanOrEqual(600_000);
  expect(servers.sessionLeftMs).toBeLessThanOrEqual(1_800_000);
  await time.advance(1_800_000);
  servers.renewSession();
  expect(servers.first).toBe(near);
});

test('URLs are taken apart: credentials hidden, slashes trimmed, the same one counted once', () => {
  const servers = choice({ '': ['http://u:p@1:80/eureka//', 'http://u:p@1:80/eureka//', 'https://2:8443'] });
  expect(servers.size).toBe(2);
  const shown = servers.candidates().map(({ url, origin, path }) => [url, origin, path]);
  expect(shown.toSorted()).toEqual([
    ['http://0.0.0.1/eureka', 'http://0.0.0.1', '/eureka'],
    ['https://0.0.0.2:8443', 'https://0.0.0.2:8443', ''],
  ]);
});
