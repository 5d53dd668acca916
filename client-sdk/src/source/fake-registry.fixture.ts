/**
 * Registries for tests of the source: servers, ours and stock, that hold instances and answer as the real ones do, and a `RegistryApi` that asks
 * them. Time passes by the given clock only.
 */

import { RegistryError } from '../errors.ts';
import { appsHashCode } from '../protocol/apps-hash-code.ts';
import { effectiveId, type InstanceInfo } from '../protocol/instance-info.ts';
import type { Capabilities, Listed, RegistryApi, StreamEnd, StreamEvent } from '../registry-api/registry-api.ts';
import type { Clock } from '../runtime/clock.ts';
import { sleep } from '../runtime/clock.ts';
import { cursorText, parseCursor } from './position.ts';

const DELTA_WINDOW_MS = 180_000;

/** An instance as the wire has it: UP on a plain port, whatever is not given made up. */
export function anInfo(given: Partial<InstanceInfo> = {}): InstanceInfo {
  const app = given.app ?? 'ORDERS';
  return {
    instanceId: 'i1',
    app,
    ipAddr: '10.0.0.1',
    hostName: 'host1',
    port: { port: 8080, enabled: true },
    securePort: { port: 443, enabled: false },
    vipAddress: app.toLowerCase(),
    countryId: 1,
    dataCenterInfo: { name: 'MyOwn' },
    status: 'UP',
    overriddenStatus: 'UNKNOWN',
    leaseInfo: {
      renewalIntervalInSecs: 30,
      durationInSecs: 90,
      registrationTimestamp: 0,
      lastRenewalTimestamp: 0,
      evictionTimestamp: 0,
      serviceUpTimestamp: 0,
    },
    isCoordinatingDiscoveryServer: false,
    metadata: {},
    lastUpdatedTimestamp: 0,
    lastDirtyTimestamp: 1,
    ...given,
  };
}

interface Logged {
  readonly version: number;
  readonly at: number;
  readonly info: InstanceInfo;
}

interface Reader {
  readonly apps: ReadonlySet<string>;
  readonly listener: (event: StreamEvent) => void;
  readonly end: (how: StreamEnd) => void;
  /** Up to here it has been told. */
  version: number;
}

/** One server. `ours` knows `since` and pushes; a stock one gives deltas with a hash. */
export class FakeServer {
  capabilities: Capabilities;
  down = false;
  /** Answers 403 to deltas. */
  noDelta = false;
  /** Its deltas carry this hash instead of the right one. */
  wrongHash: string | undefined;
  /** Its answers say that so many instances could not be read. */
  skipped = 0;
  /** Changes are pushed by `push()` only. */
  holdsPushes = false;
  /** Changes up to this version are forgotten: `since` before them gives nothing. */
  forgotten = 0;
  readonly #clock: Clock;
  #epoch: string;
  #version = 1;
  readonly #held = new Map<string, InstanceInfo>();
  #log: Logged[] = [];
  readonly #readers = new Set<Reader>();

  constructor(
    readonly url: string,
    kind: 'ours' | 'stock',
    clock: Clock,
    epoch = 'e1',
  ) {
    this.capabilities = kind === 'ours' ? { since: true, stream: true } : { since: false, stream: false };
    this.#clock = clock;
    this.#epoch = epoch;
  }

  get cursor(): string {
    return cursorText({ epoch: this.#epoch, version: this.#version });
  }

  get streams(): number {
    return this.#readers.size;
  }

  put(...infos: readonly InstanceInfo[]): void {
    for (const info of infos) {
      const known = this.#held.has(keyOf(info));
      this.#held.set(keyOf(info), { ...info, actionType: undefined });
      this.#append({ ...info, actionType: known ? 'MODIFIED' : 'ADDED' });
    }
    if (!this.holdsPushes) this.push();
  }

  /** Cancelled or evicted: a delta names them. */
  remove(...infos: readonly InstanceInfo[]): void {
    for (const info of infos) if (this.#held.delete(keyOf(info))) this.#append({ ...info, actionType: 'DELETED' });
    if (!this.holdsPushes) this.push();
  }

  /** The same content in another epoch; streams go on, and are told. */
  renumber(epoch: string): void {
    this.#epoch = epoch;
    this.#log = [];
    this.forgotten = this.#version;
    for (const reader of this.#readers) reader.version = this.#version;
    this.say({ is: 'reset', cursor: this.cursor });
  }

  /** Restarted without memory. */
  restartEmpty(epoch = 'e2'): void {
    this.#held.clear();
    this.restart(epoch);
  }

  /** Another history of the same content; streams are lost. */
  restart(epoch: string): void {
    this.#epoch = epoch;
    this.#version = 1;
    this.forgotten = 0;
    this.#log = [];
    this.endStreams('lost');
  }

  held(): InstanceInfo[] {
    return [...this.#held.values()];
  }

  push(as: 'delta' | 'gap' = 'delta'): void {
    for (const reader of [...this.#readers]) {
      const changes = this.#after(reader.version, reader.apps);
      reader.version = this.#version;
      if (changes.length === 0) continue;
      if (as === 'gap') reader.listener({ is: 'gap', cursor: this.cursor });
      else reader.listener({ is: 'delta', listed: this.#delta(changes, this.cursor) });
    }
  }

  /** Every change that is still known, once more. */
  pushAgain(): void {
    for (const reader of [...this.#readers]) {
      for (const { version, info } of this.#log) {
        const cursor = cursorText({ epoch: this.#epoch, version });
        if (version <= reader.version) reader.listener({ is: 'delta', listed: this.#delta([info], cursor) });
      }
    }
  }

  /** Tells every stream something by hand. */
  say(event: StreamEvent): void {
    for (const reader of [...this.#readers]) reader.listener(event);
  }

  alive(): void {
    this.push();
    this.say({ is: 'alive', cursor: this.cursor });
  }

  endStreams(how: StreamEnd): void {
    for (const reader of [...this.#readers]) reader.end(how);
  }

  all(): Listed {
    return this.#listed(this.held(), this.#ownCursor());
  }

  app(name: string): Listed {
    const found = this.held().filter(({ app }) => app === name);
    // A 404 has none of our headers.
    if (found.length === 0) return { ...this.#listed([], undefined), capabilities: { since: false, stream: false } };
    return this.#listed(found, this.#ownCursor());
  }

  delta(): Listed | undefined {
    if (this.noDelta) return undefined;
    const since = this.#clock.monotonic() - DELTA_WINDOW_MS;
    const latest = new Map<string, InstanceInfo>();
    for (const { at, info } of this.#log) if (at >= since) latest.set(keyOf(info), info);
    return this.#delta([...latest.values()], this.#ownCursor());
  }

  since(cursor: string, apps: readonly string[]): Listed | undefined {
    if (!this.capabilities.since) return this.delta();
    const from = parseCursor(cursor);
    if (from?.epoch !== this.#epoch || from.version < this.forgotten || from.version > this.#version) return undefined;
    return this.#delta(this.#after(from.version, new Set(apps)), this.cursor);
  }

  stream(
    apps: readonly string[],
    from: string | undefined,
    listener: (event: StreamEvent) => void,
    end: (how: StreamEnd) => void,
  ): () => void {
    const resumed = from === undefined ? undefined : parseCursor(from);
    const reader: Reader = {
      apps: new Set(apps),
      listener,
      version: this.#version,
      end: (how) => {
        if (this.#readers.delete(reader)) end(how);
      },
    };
    this.#readers.add(reader);
    if (resumed === undefined) listener({ is: 'hello', server: this.url, cursor: this.cursor });
    else if (resumed.epoch !== this.#epoch || resumed.version < this.forgotten) {
      listener({ is: 'reset', cursor: this.cursor });
    } else {
      listener({ is: 'hello', server: this.url, cursor: cursorText(resumed) });
      reader.version = resumed.version;
      this.push();
    }
    return () => reader.end('aborted');
  }

  #ownCursor(): string | undefined {
    return this.capabilities.since ? this.cursor : undefined;
  }

  #append(info: InstanceInfo): void {
    this.#log.push({ version: ++this.#version, at: this.#clock.monotonic(), info });
  }

  #after(version: number, apps: ReadonlySet<string>): InstanceInfo[] {
    const latest = new Map<string, InstanceInfo>();
    for (const entry of this.#log) {
      if (entry.version > version && (apps.size === 0 || apps.has(entry.info.app))) {
        latest.set(keyOf(entry.info), entry.info);
      }
    }
    return [...latest.values()];
  }

  #delta(infos: readonly InstanceInfo[], cursor: string | undefined): Listed {
    const listed = this.#listed(infos, cursor);
    return this.wrongHash === undefined ? listed : { ...listed, appsHashCode: this.wrongHash };
  }

  #listed(infos: readonly InstanceInfo[], cursor: string | undefined): Listed {
    const apps = new Map<string, InstanceInfo[]>();
    for (const info of infos) apps.set(info.app, [...(apps.get(info.app) ?? []), info]);
    return {
      server: this.url,
      capabilities: this.capabilities,
      cursor,
      skipped: this.skipped,
      versionsDelta: '1',
      appsHashCode: appsHashCode(this.#held.values()),
      applications: [...apps].map(([name, instances]) => ({ name, instances })),
    };
  }
}

/** Asks the first server that is not down, from the present one on. */
export class FakeRegistryApi implements RegistryApi {
  /** What was asked, in order, such as `all`, `since e1.4`, `app ORDERS`. */
  readonly calls: string[] = [];
  /** How long a request is on its way there, and its answer on its way back, each in ms; 0: no timer. */
  latencyMs: () => number = () => 0;
  /** Whether an answer is lost on its way, and what was asked fails. */
  loses: () => boolean = () => false;
  readonly #servers: readonly FakeServer[];
  readonly #clock: Clock;
  #present = 0;

  constructor(servers: readonly FakeServer[], clock: Clock) {
    this.#servers = servers;
    this.#clock = clock;
  }

  get server(): string {
    return this.#servers[this.#present]!.url;
  }

  all(signal?: AbortSignal): Promise<Listed> {
    return this.#ask('all', (server) => server.all(), signal);
  }

  delta(signal?: AbortSignal): Promise<Listed | undefined> {
    return this.#ask('delta', (server) => server.delta(), signal);
  }

  app(name: string, signal?: AbortSignal): Promise<Listed> {
    return this.#ask(`app ${name}`, (server) => server.app(name), signal);
  }

  since(cursor: string, apps: readonly string[], signal?: AbortSignal): Promise<Listed | undefined> {
    return this.#ask(`since ${[cursor, ...apps].join(' ')}`, (server) => server.since(cursor, apps), signal);
  }

  async stream(
    apps: readonly string[],
    from: string | undefined,
    listener: (event: StreamEvent) => void,
    signal: AbortSignal,
  ): Promise<StreamEnd> {
    this.calls.push(['stream', from, ...apps].filter((word) => word !== undefined).join(' '));
    const server = this.#up();
    return await new Promise((resolve) => {
      const stop = server.stream(apps, from, listener, resolve);
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
  }

  moveOn(): void {
    this.calls.push('moveOn');
    this.#present = (this.#present + 1) % this.#servers.length;
  }

  async register(): Promise<void> {}
  async renew(): Promise<'renewed'> {
    return 'renewed';
  }
  async cancel(): Promise<void> {}
  async override(): Promise<'done'> {
    return 'done';
  }
  async instance(): Promise<undefined> {}
  async close(): Promise<void> {}

  async #ask<T>(call: string, answer: (server: FakeServer) => T, signal: AbortSignal | undefined): Promise<T> {
    this.calls.push(call);
    await this.#travel(signal);
    const result = answer(this.#up());
    await this.#travel(signal);
    if (this.loses()) throw new RegistryError('ERR_REGISTRY_UNAVAILABLE', 'the answer was lost', this.server);
    return result;
  }

  async #travel(signal: AbortSignal | undefined): Promise<void> {
    const latencyMs = this.latencyMs();
    if (latencyMs > 0) await sleep(this.#clock, latencyMs, signal);
    signal?.throwIfAborted();
  }

  #up(): FakeServer {
    for (let turn = 0; turn < this.#servers.length; turn++) {
      const server = this.#servers[this.#present]!;
      if (!server.down) return server;
      this.#present = (this.#present + 1) % this.#servers.length;
    }
    throw new RegistryError('ERR_REGISTRY_UNAVAILABLE', 'all are down', this.server);
  }
}

function keyOf(info: InstanceInfo): string {
  return `${info.app}/${effectiveId(info)}`;
}
