/** What one registration may hold: nothing that a client sends is kept without bound. */
import type { InstanceInfo } from '@heureka/client-sdk/protocol';

export interface HeldLimits {
  /** Of one instance's metadata, keys and values, in characters. */
  readonly metadataLimit: number;
}

/** @returns why this instance is too large to keep; undefined: it is not */
export function tooMuch(info: InstanceInfo, limits: HeldLimits): string | undefined {
  const size = metadataSize(info.metadata) + metadataSize(info.dataCenterInfo.metadata ?? {});
  if (size > limits.metadataLimit) {
    return `metadata of ${size} characters; the limit is ${limits.metadataLimit} an instance`;
  }
  return undefined;
}

/** Characters of all keys and values. */
export function metadataSize(metadata: Readonly<Record<string, string>>): number {
  let size = 0;
  for (const [key, value] of Object.entries(metadata)) size += key.length + value.length;
  return size;
}
