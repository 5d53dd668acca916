/** Connections to the instances of one service: an undici pool a slot, opened at its first use, closed when it idles or its instance leaves. */
import type { Instance, ServiceOptions } from '../api.ts';
import type { Connections } from '../call/connections.ts';
import type { CallHandler, CallOptions } from '../call/wire.ts';
import { type Clock, sleep } from '../runtime/clock.ts';
import { type Dispatcher, Pool } from './undici.ts';

/** A pool that nobody used for so many ticks is closed: an idle one holds 18 KiB. */
const IDLE_TICKS = 60;
/** Of a connection without a request, in ms: below the 5 s after which a Node server closes it. */
const KEEP_ALIVE_MS = 4_000;

export interface InstancePoolsParts {
  readonly options: Pick<ServiceOptions, 'connections' | 'connectMs' | 'headersMs' | 'bodyIdleMs'>;
  /** Which port of an instance is called; undefined: the one that it registered as its own. */
  readonly protocol: ServiceOptions['protocol'];
  readonly dispatcherFor: ((instance: Instance) => Dispatcher) | undefined;
  readonly clock: Clock;
}

export class InstancePools implements Connections {
  readonly #parts: InstancePoolsParts;
  /** By slot. */
  readonly #pools: (Dispatcher | undefined)[] = [];
  readonly #usedAt: number[] = [];
  #now = 0;
  /** Those that finish what they have. */
  readonly #leaving = new Map<Dispatcher, Promise<void>>();
  #closed = false;

  constructor(parts: InstancePoolsParts) {
    this.#parts = parts;
  }

  dispatch(slot: number, instance: Instance, options: CallOptions, handler: CallHandler): void {
    const pool = this.#pools[slot] ?? this.#open(slot, instance);
    this.#usedAt[slot] = this.#now;
    const own = this.#parts.dispatcherFor === undefined ? options : { ...options, origin: this.#originOf(instance) };
    // A pool of ours sends to its own origin, whatever `options.origin` says: the caller's options go through as they are.
    pool.dispatch(own as Dispatcher.DispatchOptions, handler as unknown as Dispatcher.DispatchHandler);
  }

  release(slot: number): void {
    const pool = this.#pools[slot];
    this.#pools[slot] = undefined;
    if (pool !== undefined) this.#leave(pool);
  }

  tick(busy: (slot: number) => boolean): void {
    this.#now++;
    for (let slot = 0; slot < this.#pools.length; slot++) {
      if (this.#pools[slot] === undefined) continue;
      // A stream that lives for hours is one use.
      if (busy(slot)) this.#usedAt[slot] = this.#now;
      else if (this.#now - this.#usedAt[slot]! > IDLE_TICKS) this.release(slot);
    }
  }

  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    for (let slot = 0; slot < this.#pools.length; slot++) this.release(slot);
    const patience = new AbortController();
    const finished = Promise.all(this.#leaving.values());
    await Promise.race([finished, sleep(this.#parts.clock, graceMs, patience.signal)]);
    patience.abort();
    // What is destroyed never says that it has finished.
    await Promise.all([...this.#leaving.keys()].map((pool) => pool.destroy().catch(() => undefined)));
  }

  #open(slot: number, instance: Instance): Dispatcher {
    const { dispatcherFor, options } = this.#parts;
    if (this.#closed) throw CLOSED;
    const pool =
      dispatcherFor?.(instance) ??
      new Pool(this.#originOf(instance), {
        connections: options.connections,
        connect: {
          timeout: options.connectMs,
          ...(instance.hostname === '' ? {} : { servername: servername(instance) }),
        },
        headersTimeout: options.headersMs,
        bodyTimeout: options.bodyIdleMs,
        keepAliveTimeout: KEEP_ALIVE_MS,
        pipelining: 1,
      });
    this.#pools[slot] = pool;
    return pool;
  }

  #originOf(instance: Instance): string {
    return originOf(instance, this.#parts.protocol);
  }

  /** Nothing cuts a stream but its own idleness. */
  #leave(pool: Dispatcher): void {
    const left = pool
      .close()
      .catch(() => undefined)
      .then(() => void this.#leaving.delete(pool));
    this.#leaving.set(pool, left);
  }
}

const CLOSED = Object.assign(new Error('the connections are closed'), { code: 'UND_ERR_CLOSED' });

/** Where an instance is called. */
export function originOf(instance: Instance, protocol: ServiceOptions['protocol']): string {
  if (protocol === 'registered') return instance.url;
  const port = protocol === 'https' ? instance.ports.secure : instance.ports.plain;
  const host = instance.address.includes(':') ? `[${instance.address}]` : instance.address;
  return `${protocol}://${host}:${port}`;
}

/** Certificates name hosts, while we connect to an address. */
function servername({ hostname }: Instance): string {
  // An IP address is no server name in TLS.
  return /^[\d.]+$|:/.test(hostname) ? '' : hostname;
}
