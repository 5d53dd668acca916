/**
 * A registry in the same process, for tests of services: holds what is registered, lets leases run out by the test's clock, pushes changes, and
 * can be taken down, brought back, and emptied. It answers as a Heureka server does, without sockets.
 */
import type { Instance } from '../api.ts';
import { RegistryError } from '../errors.ts';
import { appsHashCode } from '../protocol/apps-hash-code.ts';
import { effectiveId, type InstanceInfo, type InstanceStatus } from '../protocol/instance-info.ts';
import { leaseOf } from '../protocol/normalise.ts';
import type { Listed, RegistryApi, StreamEnd, StreamEvent } from '../registry-api/registry-api.ts';
import type { Clock } from '../runtime/clock.ts';

interface Held {
  info: InstanceInfo;
  /** Monotonic ms of the end of its lease; Infinity for those that a test put in. */
  expiresAt: number;
}

interface Logged {
  readonly version: number;
  readonly info: InstanceInfo;
}

interface Reader {
  readonly apps: ReadonlySet<string>;
  readonly listener: (event: StreamEvent) => void;
  readonly end: (how: StreamEnd) => void;
}

const URL_TEXT = 'memory://registry/eureka';
const CAPABILITIES = { since: true, stream: true };

export class TestRegistry {
  /** Requests so far, such as `register ORDERS`, `renew ORDERS`, `all`. */
  readonly requests: string[] = [];
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();
  readonly #readers = new Set<Reader>();
  #log: Logged[] = [];
  #version = 1;
  #epoch = 1;
  #up = true;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Puts instances in, as if others had registered them; they stay until they are removed. */
  add(...instances: readonly Instance[]): void {
    for (const instance of instances) this.#put(infoOf(instance), Number.POSITIVE_INFINITY);
  }

  /** Takes instances out, by name. */
  remove(...instances: readonly Pick<Instance, 'app' | 'id'>[]): void {
    for (const { app, id } of instances) this.#delete(keyOf(app, id));
  }

  /** What is registered now: `APP/id` with its status. */
  get held(): ReadonlyMap<string, InstanceStatus> {
    this.#expire();
    return new Map([...this.#held].map(([key, { info }]) => [key, info.status]));
  }

  /** Answers nobody from now on; streams break. */
  down(): void {
    this.#up = false;
    for (const reader of [...this.#readers]) reader.end('lost');
  }

  /** Answers again, with what it held or, `empty`, with nothing and under another epoch. */
  up({ empty = false } = {}): void {
    this.#up = true;
    if (!empty) return;
    this.#held.clear();
    this.#log = [];
    this.#epoch++;
  }

  /** The port to this registry, as one discovery sees it. */
  api(): RegistryApi {
    return new TestRegistryApi(this);
  }

  /** @throws {RegistryError} while it is down */
  ask(request: string): void {
    this.requests.push(request);
    if (!this.#up) throw new RegistryError('ERR_REGISTRY_UNAVAILABLE', 'the test registry is down', URL_TEXT);
    this.#expire();
  }

  register(info: InstanceInfo): void {
    const expiresAt = this.#clock.monotonic() + info.leaseInfo.durationInSecs * 1_000;
    this.#put(info, expiresAt);
  }

  renew(app: string, id: string): 'renewed' | 'unknown' {
    const held = this.#held.get(keyOf(app, id));
    if (held === undefined) return 'unknown';
    held.expiresAt = this.#clock.monotonic() + held.info.leaseInfo.durationInSecs * 1_000;
    return 'renewed';
  }

  cancel(app: string, id: string): void {
    this.#delete(keyOf(app, id));
  }

  override(app: string, id: string, status: InstanceStatus | undefined): 'done' | 'unknown' {
    const held = this.#held.get(keyOf(app, id));
    if (held === undefined) return 'unknown';
    const info = { ...held.info, status: status ?? 'UP', overriddenStatus: status ?? ('UNKNOWN' as const) };
    this.#put(info, held.expiresAt);
    return 'done';
  }

  instance(app: string, id: string): InstanceInfo | undefined {
    return this.#held.get(keyOf(app, id))?.info;
  }

  list(wanted: (info: InstanceInfo) => boolean = () => true): Listed {
    return this.#listed([...this.#held.values()].map(({ info }) => info).filter(wanted));
  }

  since(cursor: string, apps: readonly string[]): Listed | undefined {
    const [epoch, version] = cursor.split('.');
    if (epoch !== `e${this.#epoch}`) return undefined;
    const wanted = new Set(apps.map((app) => app.toUpperCase()));
    const latest = new Map<string, InstanceInfo>();
    for (const { version: at, info } of this.#log) {
      if (at > Number(version) && (wanted.size === 0 || wanted.has(info.app)))
        latest.set(keyOf(info.app, effectiveId(info)), info);
    }
    return this.#listed([...latest.values()]);
  }

  stream(apps: readonly string[], from: string | undefined, reader: Omit<Reader, 'apps'>): () => void {
    const own: Reader = { ...reader, apps: new Set(apps.map((app) => app.toUpperCase())) };
    this.#readers.add(own);
    const missed = from === undefined ? undefined : this.since(from, apps);
    if (from !== undefined && missed === undefined) own.listener({ is: 'reset', cursor: this.#cursor });
    else {
      own.listener({ is: 'hello', server: URL_TEXT, cursor: from ?? this.#cursor });
      if (missed !== undefined && missed.applications.length > 0) own.listener({ is: 'delta', listed: missed });
    }
    return () => this.#readers.delete(own);
  }

  get #cursor(): string {
    return `e${this.#epoch}.${this.#version}`;
  }

  /** Leases run out when somebody looks, and are told then. */
  #expire(): void {
    const now = this.#clock.monotonic();
    for (const [key, { expiresAt }] of [...this.#held]) if (expiresAt <= now) this.#delete(key);
  }

  #put(info: InstanceInfo, expiresAt: number): void {
    const key = keyOf(info.app, effectiveId(info));
    const actionType = this.#held.has(key) ? 'MODIFIED' : 'ADDED';
    const held = { ...info, lastUpdatedTimestamp: this.#clock.now(), actionType } as const;
    this.#held.set(key, { info: held, expiresAt });
    this.#tell(held);
  }

  #delete(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#held.delete(key);
    this.#tell({ ...held.info, actionType: 'DELETED' });
  }

  #tell(info: InstanceInfo): void {
    this.#log.push({ version: ++this.#version, info });
    for (const { apps, listener } of this.#readers) {
      if (apps.size === 0 || apps.has(info.app)) listener({ is: 'delta', listed: this.#listed([info]) });
      else listener({ is: 'alive', cursor: this.#cursor });
    }
  }

  #listed(infos: readonly InstanceInfo[]): Listed {
    const apps = new Map<string, InstanceInfo[]>();
    for (const info of infos) {
      const app = apps.get(info.app);
      if (app === undefined) apps.set(info.app, [info]);
      else app.push(info);
    }
    return {
      server: URL_TEXT,
      capabilities: CAPABILITIES,
      cursor: this.#cursor,
      skipped: 0,
      versionsDelta: String(this.#version),
      appsHashCode: appsHashCode([...this.#held.values()].map(({ info }) => info)),
      applications: [...apps].map(([name, instances]) => ({ name, instances })),
    };
  }
}

/** One discovery's line to a test registry. */
class TestRegistryApi implements RegistryApi {
  readonly server = URL_TEXT;
  readonly #registry: TestRegistry;

  constructor(registry: TestRegistry) {
    this.#registry = registry;
  }

  async register(info: InstanceInfo): Promise<void> {
    this.#registry.ask(`register ${info.app}`);
    this.#registry.register(info);
  }

  async renew(app: string, id: string): Promise<'renewed' | 'unknown'> {
    this.#registry.ask(`renew ${app}`);
    return this.#registry.renew(app, id);
  }

  async cancel(app: string, id: string): Promise<void> {
    this.#registry.ask(`cancel ${app}`);
    this.#registry.cancel(app, id);
  }

  async override(app: string, id: string, status: InstanceStatus | undefined): Promise<'done' | 'unknown'> {
    this.#registry.ask(`override ${app}`);
    return this.#registry.override(app, id, status);
  }

  async instance(app: string, id: string): Promise<InstanceInfo | undefined> {
    this.#registry.ask(`instance ${app}`);
    return this.#registry.instance(app, id);
  }

  async all(): Promise<Listed> {
    this.#registry.ask('all');
    return this.#registry.list();
  }

  async delta(): Promise<Listed | undefined> {
    this.#registry.ask('delta');
    return undefined;
  }

  async app(name: string): Promise<Listed> {
    this.#registry.ask(`app ${name}`);
    return this.#registry.list(({ app }) => app === name.toUpperCase());
  }

  async since(cursor: string, apps: readonly string[]): Promise<Listed | undefined> {
    this.#registry.ask('since');
    return this.#registry.since(cursor, apps);
  }

  async stream(
    apps: readonly string[],
    from: string | undefined,
    listener: (event: StreamEvent) => void,
    signal: AbortSignal,
  ): Promise<StreamEnd> {
    this.#registry.ask('stream');
    return await new Promise((resolve) => {
      const stop = this.#registry.stream(apps, from, { listener, end: (how) => end(how) });
      const end = (how: StreamEnd): void => {
        stop();
        resolve(how);
      };
      if (signal.aborted) end('aborted');
      else signal.addEventListener('abort', () => end('aborted'), { once: true });
    });
  }

  moveOn(): void {}
  async close(): Promise<void> {}
}

function keyOf(app: string, id: string): string {
  return `${app.toUpperCase()}/${id}`;
}

function infoOf({ id, app, address, hostname, ports, status, vip, secureVip, metadata, zone }: Instance): InstanceInfo {
  return {
    instanceId: id,
    app: app.toUpperCase(),
    ipAddr: address,
    hostName: hostname,
    port: { port: ports.plain ?? 0, enabled: ports.plain !== undefined },
    securePort: { port: ports.secure ?? 443, enabled: ports.secure !== undefined },
    vipAddress: vip.join(','),
    secureVipAddress: secureVip.length === 0 ? undefined : secureVip.join(','),
    countryId: 1,
    dataCenterInfo: { name: 'MyOwn' },
    status,
    overriddenStatus: 'UNKNOWN',
    leaseInfo: leaseOf(30, 90),
    isCoordinatingDiscoveryServer: false,
    metadata: zone === undefined ? metadata : { ...metadata, zone },
    lastUpdatedTimestamp: 0,
    lastDirtyTimestamp: 1,
  };
}
