/** The composition root: store, node, rules, views and HTTP, put together once. The only file that names a store's adapter. */
import { randomUUID } from 'node:crypto';
import { decodeRegistration, encodeRegistrationJson } from '@heureka/client-sdk/protocol';
import { type Clock, type Random, sleep, systemClock, systemRandom } from '@heureka/client-sdk/runtime';
import { ListenError } from './http/http-server.ts';
import { RegistryHttp } from './http/registry-http.ts';
import { IncompatibleStore } from './node/arrival.ts';
import { RegistryNode } from './node/registry-node.ts';
import { logChanges } from './observe/change-log.ts';
import { nodeHealth, storeHealth } from './observe/health.ts';
import { forLog, type Log, SILENT_LOG } from './observe/log.ts';
import { serverMetrics } from './observe/metrics.ts';
import { logNodeEvent } from './observe/node-log.ts';
import { type ServerOptions, serverOptions } from './options.ts';
import { EventHub } from './push/event-hub.ts';
import { EurekaRegistry } from './registry/eureka-registry.ts';
import { validateRegistration } from './registry/validate-registration.ts';
import {
  listenOptions,
  localUrl,
  nodeUrl,
  readAuthority,
  redisChoice,
  StartError,
  storeSentence,
} from './server-parts.ts';
import { openMemoryStore } from './store/memory/open-memory-store.ts';
import { redisTarget } from './store/redis/redis-options.ts';
import { redisStore } from './store/redis/redis-store.ts';
import { type RegistryStore, StoreAway } from './store/registry-store.ts';
import { InstanceTexts } from './views/instance-texts.ts';
import { RegistryViews } from './views/registry-views.ts';
import { decodeRegistrationXml } from './xml/xml-decoder.ts';
import { encodeInstanceXml } from './xml/xml-encoder.ts';

export interface RegistryServerOptions extends Partial<ServerOptions> {
  readonly clock?: Clock;
  readonly random?: Random;
  /** Default: silent. */
  readonly log?: Log;
}

export interface RegistryServer {
  /** The protocol's base for somebody on this machine, such as `http://localhost:8761/eureka`. */
  readonly url: string;
  readonly port: number;
  /** Not ready at once; serves on for the `drain` option's seconds; then closes. */
  shutdown(): Promise<void>;
  /** Ends streams with `bye`, answers what is on its way, writes heartbeats, closes the store. */
  close(): Promise<void>;
}

/** Answers on their way have this long once the server stops accepting, in ms. */
const GRACE_MS = 2_000;

/**
 * Starts a registry in this process. It listens and serves when this resolves.
 *
 * @throws {OptionsError} naming every option that is wrong
 * @throws {StartError} when the port cannot be had or the store cannot be reached, in a sentence
 */
export async function createRegistryServer(given: RegistryServerOptions = {}): Promise<RegistryServer> {
  const { clock = systemClock, random = systemRandom, log = SILENT_LOG, ...rest } = given;
  const options = serverOptions(rest);
  const listen = listenOptions(options);
  const { store, name } = await openStore(options, clock, log);

  let url = '';
  const node = new RegistryNode({
    store,
    clock,
    random,
    id: randomUUID(),
    // Known once the port is.
    get url() {
      return url;
    },
    judge: {
      // More than the whole is never silent: nothing is held.
      holdShare: options.selfPreservation ? options.holdShare : 1,
      holdPopulation: options.holdPopulation,
      holdMs: options.holdTime * 1_000,
    },
    ...(name === undefined ? { foundingWaitMs: 0 } : {}),
    ...(listen.tls === undefined ? {} : { tls: listen.tls }),
  });
  node.onEvent((event) => logNodeEvent(log, event));
  logChanges(node.replica, log);

  const texts = new InstanceTexts();
  const views = new RegistryViews({
    replica: node.replica,
    clock,
    now: () => node.now,
    deltaWindowMs: options.deltaWindow * 1_000,
    texts,
  });
  const events = new EventHub({ replica: node.replica, clock, random, texts });
  const http = new RegistryHttp({
    clock,
    random,
    listen,
    adminPort: options.adminPort,
    trustProxy: options.trustProxy,
    registry: new EurekaRegistry(node, (id) => node.findById(id), options),
    views,
    replica: node.replica,
    ledger: node,
    streams: events,
    json: { decode: (text) => decodeRegistration(text, options.metadataLimit), encode: encodeRegistrationJson },
    xml: { decode: (text) => decodeRegistrationXml(text, options.metadataLimit), encode: encodeInstanceXml },
    validate: validateRegistration,
    limits: options,
    disableDelta: options.disableDelta,
    readiness: () => nodeHealth(node.status),
    storeHealth,
    metrics: serverMetrics({
      ledger: node,
      replica: node.replica,
      node: () => node.status,
      streams: () => events.size,
    }),
    failed: (error, what) => log.error({ what: forLog(what), error: errorText(error) }, 'a fault of this server'),
  });

  let port: number;
  try {
    port = await http.listen();
    url = nodeUrl(options, port);
    await node.start();
  } catch (error) {
    await http.close(0);
    await node.stop();
    throw startError(error);
  }
  const close = once(async () => {
    node.drain();
    events.close();
    await http.close(GRACE_MS);
    // Last, so that whatever was acknowledged on the way out is written too.
    await node.stop();
  });
  const server: RegistryServer = {
    url: localUrl(options, port),
    port,
    async shutdown() {
      node.drain();
      http.drain();
      await sleep(clock, options.drain * 1_000, undefined, { keepAlive: true });
      await close();
    },
    close,
  };
  log.info({ port, url: server.url, node: url }, `listening on ${server.url}; ${storeSentence(options, name)}`);
  return server;
}

/** @returns the store, and its name where it is not the embedded one */
async function openStore(
  options: ServerOptions,
  clock: Clock,
  log: Log,
): Promise<{ readonly store: RegistryStore; readonly name: string | undefined }> {
  const choice = redisChoice(options);
  if (choice === undefined) {
    try {
      const store = await openMemoryStore({ clock, data: options.data, notice: (sentence) => log.warn({}, sentence) });
      return { store, name: undefined };
    } catch (error) {
      throw new StartError(`--data ${options.data}: ${(error as Error).message}`, { cause: error });
    }
  }
  const { namespace, keyPrefix, redisCa } = options;
  const tls = redisCa === undefined ? {} : { tls: { ca: readAuthority('--redis-ca', redisCa) } };
  const redis = { clock, namespace, keyPrefix, ...choice, ...tls };
  return { store: redisStore(redis), name: redisTarget(redis).name };
}

function startError(error: unknown): unknown {
  if (error instanceof ListenError || error instanceof IncompatibleStore) {
    return new StartError(error.message, { cause: error });
  }
  if (error instanceof StoreAway) {
    // Libraries' words may come on several lines.
    const reason = error.reason.trim().replaceAll(/\s+/g, ' ');
    return new StartError(`${reason}; check --redis (REDIS_URL).`, { cause: error });
  }
  return error;
}

function errorText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** The first call works, the others wait for it. */
function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work();
    return running;
  };
}
