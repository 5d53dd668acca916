/** What `createDiscovery` waits for: nothing (`background`), a first list (`wait`), or a first list that does not fail (`fail-fast`). */
import type { DiscoveryEvents } from './api.ts';
import { untilListed } from './cache/first-list.ts';
import type { ServiceCache } from './cache/service-cache.ts';
import { type DiscoveryError, RegistryError } from './errors.ts';
import type { Clock } from './runtime/clock.ts';
import type { Subscribe } from './runtime/emitter.ts';

export interface StartParts {
  readonly start: 'fail-fast' | 'wait' | 'background';
  /** Longest wait, in ms. */
  readonly readyMs: number;
  readonly cache: ServiceCache;
  /** Where failures are told; undefined: the source has no such words. */
  readonly onSource: Subscribe<DiscoveryEvents['source']> | undefined;
  readonly url: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Call it before the source is opened, await it afterwards. A list from disk is no answer.
 *
 * @throws {RegistryError} as `start` says
 */
export async function startPolicy({ start, readyMs, cache, onSource, url, clock, signal }: StartParts): Promise<void> {
  if (start === 'background') return;
  let failure: DiscoveryError | undefined;
  const failed = new AbortController();
  const stop = onSource?.(({ error }) => {
    if (error === undefined) return;
    failure ??= error;
    if (start === 'fail-fast') failed.abort();
  });
  const answered = {
    get ready() {
      return cache.answered;
    },
    onReport: cache.onReport,
  };
  const listed = await untilListed(answered, readyMs, clock, AbortSignal.any([signal, failed.signal]));
  stop?.();
  if (listed || signal.aborted) return;
  throw (
    failure ??
    new RegistryError(
      'ERR_REGISTRY_UNAVAILABLE',
      `the registry did not answer within ${readyMs} ms (option readyMs)`,
      url,
    )
  );
}
