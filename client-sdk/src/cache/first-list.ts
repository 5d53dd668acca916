/** Waiting for the first list of instances. */
import { type Clock, sleep } from '../runtime/clock.ts';
import type { InstanceCache } from './instance-cache.ts';
import type { ServiceCache } from './service-cache.ts';

/** @returns whether there is a list: false when it did not come within `ms`, or `signal` aborted; never rejects */
export async function untilListed(
  cache: Pick<InstanceCache, 'ready'> & Pick<ServiceCache, 'onReport'>,
  ms: number,
  clock: Clock,
  signal?: AbortSignal,
): Promise<boolean> {
  if (cache.ready) return true;
  const over = new AbortController();
  const stop = cache.onReport(() => {
    if (cache.ready) over.abort();
  });
  const ended = (): void => over.abort();
  signal?.addEventListener('abort', ended, { once: true });
  await sleep(clock, ms, signal?.aborted ? signal : over.signal, { keepAlive: true });
  signal?.removeEventListener('abort', ended);
  stop();
  return cache.ready;
}
