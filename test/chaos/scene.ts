/** What every fault is done to: three nodes as processes, each with its own way to one Redis, and services that beat all the while. */
import type { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../helpers/redis-server.ts';
import { type ServerProcess, startServer } from '../helpers/server-process.ts';
import { type TcpProxy, tcpProxy } from '../helpers/tcp-proxy.ts';
import { Population, type PopulationOptions } from './population.ts';
import { Watcher } from './watcher.ts';

export const NAMESPACE = 'chaos';
export const RECORDS = `{heureka:${NAMESPACE}}:records`;
export const HEAD = `{heureka:${NAMESPACE}}:head`;

export interface SceneSize {
  readonly instances: number;
  readonly beatSeconds: number;
  readonly leaseSeconds: number;
  readonly churn: number;
  /** Length of a fault that lasts, ms. */
  readonly faultMs: number;
}

export const LONG: SceneSize = { instances: 1_000, beatSeconds: 5, leaseSeconds: 15, churn: 5, faultMs: 20_000 };
export const SHORT: SceneSize = { instances: 200, beatSeconds: 1, leaseSeconds: 3, churn: 5, faultMs: 4_000 };

/** How nodes reach Redis, and what a fault may do with it. */
export interface Backend {
  /** Arguments by which node `index` reaches it. */
  nodeArgs(index: number): readonly string[];
  /** The keys of the records that the master holds; undefined: it does not answer. */
  records(): Promise<ReadonlySet<string> | undefined>;
  end(): Promise<void>;
}

/** One Redis, and a proxy for each node. */
export class OneRedis implements Backend {
  readonly redis: RedisServer;
  readonly proxies: readonly TcpProxy[];
  readonly #client: Redis;

  private constructor(redis: RedisServer, proxies: readonly TcpProxy[]) {
    this.redis = redis;
    this.proxies = proxies;
    this.#client = redis.client();
  }

  static async start(nodes: number): Promise<OneRedis> {
    const redis = await startRedis({ persistent: true });
    const proxies = await Promise.all(Array.from({ length: nodes }, () => tcpProxy(redis)));
    return new OneRedis(redis, proxies);
  }

  get client(): Redis {
    return this.#client;
  }

  nodeArgs(index: number): readonly string[] {
    return ['--redis', `redis://127.0.0.1:${this.proxies[index]?.port ?? this.redis.port}`];
  }

  async records(): Promise<ReadonlySet<string> | undefined> {
    return this.#client.hkeys(RECORDS).then(
      (keys) => new Set(keys),
      () => undefined,
    );
  }

  async end(): Promise<void> {
    for (const proxy of this.proxies) await proxy.close();
    await this.redis.stop();
  }
}

export class Scene<B extends Backend = Backend> {
  readonly backend: B;
  readonly size: SceneSize;
  readonly nodes: ServerProcess[];
  readonly population: Population;
  readonly watcher: Watcher;

  private constructor(backend: B, size: SceneSize, nodes: ServerProcess[]) {
    this.backend = backend;
    this.size = size;
    this.nodes = nodes;
    const urls = nodes.map(({ url }) => url);
    const { instances, beatSeconds, leaseSeconds, churn } = size;
    const options: PopulationOptions = { urls, size: instances, beatSeconds, leaseSeconds, churn };
    this.population = new Population(options);
    this.watcher = new Watcher(urls, this.population);
  }

  static async begin<B extends Backend>(backend: B, size: SceneSize, nodes = 3): Promise<Scene<B>> {
    const started: ServerProcess[] = [];
    for (let index = 0; index < nodes; index++) started.push(await startServer(nodeArgs(backend, index)));
    const scene = new Scene(backend, size, started);
    await scene.population.begin();
    scene.watcher.begin();
    return scene;
  }

  /** Starts a node again on the port that it had. */
  async restartNode(index: number): Promise<void> {
    const { port } = this.nodes[index]!;
    const args = ['--port', String(port), '--host', '127.0.0.1', ...nodeArgs(this.backend, index)];
    this.nodes[index] = await startServer(args);
  }

  async end(): Promise<void> {
    await this.population.end();
    await this.watcher.end();
    for (const node of this.nodes) {
      node.process.kill('SIGCONT');
      await node.stop('SIGKILL');
    }
    await this.backend.end();
  }
}

export function nodeArgs(backend: Backend, index: number): readonly string[] {
  return [...backend.nodeArgs(index), '--namespace', NAMESPACE, '--log-level', 'info'];
}
