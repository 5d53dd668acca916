/** Who we are to a registry: from the user part of its URL, else from the options. Nothing here ends up in a message. */
import type { RegistryOptions } from '../api.ts';

/** A registry's URL taken apart. */
export interface RegistryBase {
  /** Without credentials and trailing slash: what may be shown. */
  readonly url: string;
  readonly origin: string;
  /** Path of the base, without trailing slash; may be empty. */
  readonly path: string;
  /** `Authorization` from the URL's own credentials. */
  readonly authorization: string | undefined;
}

/** @param text - an http or https URL */
export function registryBase(text: string): RegistryBase {
  const url = new URL(text);
  const named = url.username !== '' || url.password !== '';
  const authorization = named ? basic(unescaped(url.username), unescaped(url.password)) : undefined;
  const path = url.pathname.replace(/\/+$/, '');
  return { url: `${url.origin}${path}`, origin: url.origin, path, authorization };
}

/**
 * The value of `Authorization` by the options, made anew for each request: a token may have been renewed.
 *
 * @throws what the user's function throws, or TypeError when it gave nothing that can stand in a header
 */
export async function authorizationOf(auth: RegistryOptions['auth']): Promise<string | undefined> {
  if (auth === undefined) return undefined;
  if ('username' in auth) return basic(auth.username, auth.password);
  const token = typeof auth.bearer === 'function' ? await auth.bearer() : auth.bearer;
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new TypeError('the bearer token must be visible ASCII without spaces');
  }
  return `Bearer ${token}`;
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** A bad escape stands for itself. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
