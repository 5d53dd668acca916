/** What an operator says about Redis, and the clients made from it. */
import type { ConnectionOptions } from 'node:tls';
import type { Clock } from '@heureka/client-sdk/runtime';
import { Cluster, Redis, type RedisOptions } from 'ioredis';

/** Exactly one of `url`, `sentinel` and `cluster`. */
export interface RedisStoreOptions {
  readonly clock: Clock;
  /** `redis://user:password@host:port/db`; `rediss://` for TLS. */
  readonly url?: string;
  readonly sentinel?: {
    readonly nodes: readonly RedisAddress[];
    /** The master's name in the Sentinels, such as `mymaster`. */
    readonly name: string;
    readonly username?: string;
    readonly password?: string;
    readonly db?: number;
    readonly sentinelUsername?: string;
    readonly sentinelPassword?: string;
  };
  readonly cluster?: {
    /** A few of its nodes; the rest are asked for. */
    readonly nodes: readonly RedisAddress[];
    readonly username?: string;
    readonly password?: string;
  };
  /** Certificates and the like; present: TLS, also to Sentinels. */
  readonly tls?: ConnectionOptions;
  /** Default `default`; see `redisKeys`. */
  readonly namespace?: string;
  /** Put before every key; default none. */
  readonly keyPrefix?: string;
}

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * What the server's user needs in Redis, for a namespace `default` without prefix. `cluster` and `readonly` are for Redis Cluster alone.
 */
export const REDIS_ACL =
  '~{heureka:default}:* resetchannels -@all +eval +evalsha +time +info +ping +select +hset +hget +hgetall +hmget +hdel +hlen ' +
  '+hscan +zadd +zrem +zcard +zcount +zscore +zmscore +zrangebyscore +xadd +xrange +xrevrange +xread +xtrim +del +cluster +readonly';

export type RedisClient = Redis | Cluster;

/** Nothing is queued and nothing sent twice by the library: what a time-out leaves open only the store's user can settle. */
const COMMON = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 1_000,
  // A server that stands still never answers the end of a connection.
  disconnectTimeout: 50,
  lazyConnect: true,
  disableClientInfo: true,
  // A demoted master goes on talking to us; a new connection finds the new one. 1: without sending the command again.
  reconnectOnError: (error: Error) => (error.message.startsWith('READONLY') ? 1 : false),
} satisfies RedisOptions;

export interface RedisTarget {
  /** For sentences: `Redis at 127.0.0.1:6379`. Holds no password. */
  readonly name: string;
  /** What must never be printed. */
  readonly secrets: readonly string[];
  /** @param timeoutMs - longest wait for the answer to one command */
  readonly connect: (timeoutMs: number) => RedisClient;
}

/** @throws {RangeError} when not exactly one way to Redis is given, or the URL is none; never quotes the URL, which may hold a password */
export function redisTarget(options: RedisStoreOptions): RedisTarget {
  const { url, sentinel, cluster, tls } = options;
  if ([url, sentinel, cluster].filter((way) => way !== undefined).length !== 1) {
    throw new RangeError('exactly one of url, sentinel and cluster must be given');
  }
  const withTls = tls === undefined ? {} : { tls };
  if (sentinel !== undefined) {
    const { nodes, ...rest } = sentinel;
    return {
      name: `Redis '${sentinel.name}' by the Sentinels ${list(nodes)}`,
      secrets: given(sentinel.password, sentinel.sentinelPassword),
      connect: (timeoutMs) =>
        new Redis({
          ...COMMON,
          ...rest,
          ...withTls,
          ...(tls === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: tls }),
          sentinels: [...nodes],
          sentinelRetryStrategy: () => 250,
          sentinelCommandTimeout: 1_000,
          retryStrategy,
          commandTimeout: timeoutMs,
        }),
    };
  }
  if (cluster !== undefined) {
    return {
      name: `Redis Cluster at ${list(cluster.nodes)}`,
      secrets: given(cluster.password),
      connect: (timeoutMs) =>
        new Cluster([...cluster.nodes], {
          enableOfflineQueue: false,
          lazyConnect: true,
          clusterRetryStrategy: retryStrategy,
          // 0: neither is repeated by the library, as the first of the two may have been executed.
          retryDelayOnFailover: 0,
          retryDelayOnClusterDown: 0,
          slotsRefreshTimeout: 1_000,
          slotsRefreshInterval: 5_000,
          redisOptions: {
            ...COMMON,
            ...withTls,
            commandTimeout: timeoutMs,
            ...(cluster.username === undefined ? {} : { username: cluster.username }),
            ...(cluster.password === undefined ? {} : { password: cluster.password }),
          },
        }),
    };
  }
  const address = parsed(url!);
  return {
    name: `Redis at ${address.host}`,
    secrets: given(address.password, decodeURIComponent(address.password)),
    connect: (timeoutMs) => new Redis(url!, { ...COMMON, ...withTls, retryStrategy, commandTimeout: timeoutMs }),
  };
}

function retryStrategy(times: number): number {
  return Math.min(50 * 2 ** Math.min(times, 10), 300);
}

function parsed(url: string): URL {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (address === undefined || !/^rediss?:$/.test(address.protocol) || address.hostname === '') {
    throw new RangeError('the URL of Redis must look like redis://host:6379 or rediss://user:password@host:6379/0');
  }
  return address;
}

function list(nodes: readonly RedisAddress[]): string {
  return nodes.map(({ host, port }) => `${host}:${port}`).join(', ');
}

function given(...secrets: readonly (string | undefined)[]): string[] {
  return secrets.filter((secret) => secret !== undefined && secret !== '') as string[];
}
