import { expect, test } from 'vitest';
import { ServiceCache } from '../cache/service-cache.ts';
import { anInstance } from '../testing/an-instance.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { StaticSource } from './static-source.ts';

test('a fixed list is there at once, and stays until the source is closed', async () => {
  const cache = new ServiceCache({ clock: new FakeClock() });
  const stopping = new AbortController();
  const open = new StaticSource([anInstance({ app: 'Shop', id: 's1' })]).open(cache, stopping.signal);
  expect(cache.service('shop').instances).toMatchObject([{ id: 's1', app: 'shop' }]);
  stopping.abort();
  await open;
});
