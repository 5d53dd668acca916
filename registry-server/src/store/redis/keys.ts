/** Builds every Redis key. All keys of a registry share one hash tag, so they live in one slot of a Redis Cluster. */

/** In the order in which every script takes them. */
const PARTS = ['head', 'records', 'leases', 'holds', 'changes', 'nodes'] as const;
export type RedisKeys = { readonly [part in (typeof PARTS)[number]]: string };

/**
 * @param namespace - `[a-z0-9-]{1,40}`, as it stands inside the hash tag
 * @param prefix - for a Redis that is shared; must hold no braces, which would make another hash tag
 * @throws {RangeError} naming the option
 */
export function redisKeys(namespace: string, prefix = ''): RedisKeys {
  if (!/^[a-z0-9-]{1,40}$/.test(namespace)) {
    throw new RangeError(`namespace must be 1 to 40 of a-z, 0-9 and '-', got '${namespace}'`);
  }
  if (/[{}\s]/.test(prefix)) throw new RangeError(`keyPrefix must hold no braces and no blanks, got '${prefix}'`);
  const entries = PARTS.map((part) => [part, `${prefix}{heureka:${namespace}}:${part}`]);
  return Object.fromEntries(entries) as RedisKeys;
}

export function keyList(keys: RedisKeys): readonly string[] {
  return PARTS.map((part) => keys[part]);
}
