/** What options mean to the parts of a server: files read, addresses parsed, sentences about them. Nothing here is built or started. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { ListenOptions } from './http/http-server.ts';
import type { ServerOptions } from './options.ts';

/** The server cannot start, and a person must do something about it; the message is sentences for that person. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** @throws {StartError} naming every TLS file that cannot be read or is not what it should be */
export function listenOptions(options: ServerOptions): ListenOptions {
  const { host, port, tlsCert, tlsKey, tlsClientCa } = options;
  const timing = {
    keepAliveMs: options.keepAlive * 1_000,
    headersMs: options.headersTimeout * 1_000,
    // Node wants the whole request to have at least the time of its headers.
    requestMs: Math.max(options.requestTimeout, options.headersTimeout) * 1_000,
  };
  if (tlsCert === undefined || tlsKey === undefined) return { host, port, ...timing };
  const problems: string[] = [];
  const pem = (option: string, file: string, use: (text: string) => SecureContextOptions): string => {
    try {
      const text = readPem(option, file);
      checkPem(option, file, use(text));
      return text;
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      problems.push(error.message);
      return '';
    }
  };
  const cert = pem('--tls-cert', tlsCert, (text) => ({ cert: text }));
  const key = pem('--tls-key', tlsKey, (text) => ({ key: text }));
  const clientCa = tlsClientCa === undefined ? '' : pem('--tls-client-ca', tlsClientCa, (text) => ({ ca: text }));
  if (problems.length > 0) throw new StartError(problems.join('\n'));
  checkPair(tlsCert, tlsKey, { cert, key });
  return { host, port, ...timing, tls: { cert, key, ...(tlsClientCa === undefined ? {} : { clientCa }) } };
}

/** @throws {StartError} naming the option and the file */
function readPem(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new StartError(`${option} names ${file}, which cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Certificates of an authority that is to be trusted. @throws {StartError} naming the option and the file */
export function readAuthority(option: string, file: string): string {
  const ca = readPem(option, file);
  checkPem(option, file, { ca });
  return ca;
}

/** @throws {StartError} when TLS refuses what stands in the file */
function checkPem(option: string, file: string, use: SecureContextOptions): void {
  // An authority that is no certificate is passed over in silence, and would let nobody in.
  const empty = use.ca !== undefined && !String(use.ca).includes('-----BEGIN CERTIFICATE-----');
  const problem = empty ? 'it holds no certificate' : contextProblem(use);
  if (problem !== undefined)
    throw new StartError(`${option} names ${file}, which is no PEM file of its kind: ${problem}`);
}

function checkPair(certFile: string, keyFile: string, pair: SecureContextOptions): void {
  const problem = contextProblem(pair);
  if (problem === undefined) return;
  throw new StartError(
    `--tls-key names ${keyFile}, which is not the key of the certificate in ${certFile}: ${problem}`,
  );
}

function contextProblem(use: SecureContextOptions): string | undefined {
  try {
    createSecureContext(use);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** How a Redis is reached, in the words of `RedisStoreOptions` but for what only the composition root knows. */
export type RedisChoice =
  | { readonly url: string }
  | {
      readonly sentinel: RedisLogin & {
        readonly nodes: readonly Address[];
        readonly name: string;
        readonly db?: number;
      };
    }
  | { readonly cluster: RedisLogin & { readonly nodes: readonly Address[] } };

interface Address {
  readonly host: string;
  readonly port: number;
}

interface RedisLogin {
  readonly username?: string;
  readonly password?: string;
}

/** Undefined: the embedded store. */
export function redisChoice(options: ServerOptions): RedisChoice | undefined {
  const { redis, redisSentinels, redisSentinelName, redisCluster } = options;
  const url = redis === undefined ? undefined : new URL(redis);
  if (redisSentinels !== undefined) {
    const nodes = redisSentinels.split(',').map((part) => address(part.trim()));
    const db = Number(url?.pathname.slice(1) || 0);
    return { sentinel: { nodes, name: redisSentinelName, ...login(url), ...(db > 0 ? { db } : {}) } };
  }
  if (url === undefined || redis === undefined) return undefined;
  if (redisCluster)
    return { cluster: { nodes: [{ host: url.hostname, port: Number(url.port || 6379) }], ...login(url) } };
  return { url: redis };
}

/** Where other nodes reach this one, when nobody says otherwise. */
export function nodeUrl(options: ServerOptions, port: number): string {
  if (options.nodeUrl !== undefined) return options.nodeUrl.replace(/\/+$/, '');
  const host =
    options.host === undefined || options.host === '0.0.0.0' || options.host === '::' ? hostname() : options.host;
  return `${scheme(options)}://${bracketed(host)}:${port}`;
}

/** The protocol's base URL for somebody on this machine. */
export function localUrl(options: ServerOptions, port: number): string {
  const { host } = options;
  const near = host === undefined || host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `${scheme(options)}://${bracketed(near)}:${port}/eureka`;
}

/** What the start line says of the store, and of promise 2 where it is not given. */
export function storeSentence(options: ServerOptions, storeName: string | undefined): string {
  if (storeName !== undefined) return `the store is ${storeName}`;
  return options.data === 'none'
    ? 'the store is this process alone: with --data none all that is registered is lost when it ends'
    : `the store is embedded and kept in ${options.data}`;
}

function address(text: string): Address {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
}

function login(url: URL | undefined): RedisLogin {
  return {
    ...(url?.username ? { username: decodeURIComponent(url.username) } : {}),
    ...(url?.password ? { password: decodeURIComponent(url.password) } : {}),
  };
}

function scheme(options: ServerOptions): 'http' | 'https' {
  return options.tlsCert === undefined ? 'http' : 'https';
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
