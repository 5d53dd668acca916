import type { Random } from '@heureka/client-sdk/runtime';

/** A name that nobody else makes: 80 bits of chance. */
export function newToken(random: Random): string {
  const piece = (): string =>
    Math.floor(random() * 2 ** 40)
      .toString(36)
      .padStart(8, '0');
  return piece() + piece();
}
