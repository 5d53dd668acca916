/**
 * Services that register, beat, come and leave, as real clients do: each has several registry URLs, stays with the one that answered last, and
 * goes on to the next after a 503 or no answer. What was acknowledged to them is what the registry is measured by.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { HttpCaller } from './http-caller.ts';

export interface Instance {
  readonly app: string;
  readonly id: string;
  /** Index of the URL that answered last. */
  node: number;
  /** When the registration that stands was acknowledged; undefined: not yet. By `performance.now()`, as all times here. */
  registeredAt: number | undefined;
  /** When the cancel was asked for, and acknowledged. */
  leftAt: number | undefined;
  cancelledAt: number | undefined;
  busy: boolean;
}

export interface PopulationOptions {
  /** With base path, in order. */
  readonly urls: readonly string[];
  readonly size: number;
  readonly beatSeconds: number;
  readonly leaseSeconds: number;
  /** Newcomers a second, and as many leave. */
  readonly churn: number;
}

export class Population {
  readonly all: Instance[] = [];
  /** Requests that no node answered. */
  failed = 0;
  /** Requests that went on to another node. */
  movedOn = 0;
  /** Heartbeats answered 404: the instance registered again. */
  forgotten = 0;
  requests = 0;
  churning = false;
  beating = true;
  readonly failures: string[] = [];
  readonly #options: PopulationOptions;
  readonly #caller = new HttpCaller();
  readonly #work = new Set<Promise<void>>();
  #born = 0;
  #running = true;

  constructor(options: PopulationOptions) {
    this.#options = options;
  }

  /** Registers all, some at a time. */
  async begin(): Promise<void> {
    const { size } = this.#options;
    const register = async (from: number): Promise<void> => {
      for (let count = from; count < size; count += 16) await this.#register(this.#bear());
    };
    await Promise.all(Array.from({ length: 16 }, (_, from) => register(from)));
    void this.#beatAll();
    void this.#churnAll();
  }

  /** Newcomers that register with a node of their own, one after another, and are heard by the others from then on. */
  async comeTo(url: string, count: number): Promise<void> {
    for (let done = 0; done < count; done++) {
      const instance = this.#bear();
      const body = this.#registration(instance);
      const answer = await this.#caller.ask('POST', `${url}/apps/${instance.app}`, { body });
      if (answer?.status !== 204)
        throw new Error(`${url} did not take ${instance.id}: ${answer?.status} ${answer?.text}`);
      instance.registeredAt = performance.now();
    }
  }

  /** Those that should be listed. */
  living(): Instance[] {
    return this.all.filter(({ registeredAt, leftAt }) => registeredAt !== undefined && leftAt === undefined);
  }

  /** Those that left and should not be listed. */
  gone(): Instance[] {
    return this.all.filter(({ cancelledAt }) => cancelledAt !== undefined);
  }

  /** No newcomer, nobody leaves; resolves when all that was on its way has been answered. Beats go on. */
  async calm(): Promise<void> {
    this.churning = false;
    await Promise.all(this.#work);
  }

  resetCounts(): void {
    this.failed = this.movedOn = this.forgotten = this.requests = 0;
    this.failures.length = 0;
  }

  async end(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#work);
    this.#caller.close();
  }

  #bear(): Instance {
    const number = this.#born++;
    const instance: Instance = {
      app: `SERVICE-${number % 20}`,
      id: `host-${number}:8080`,
      node: number % this.#options.urls.length,
      registeredAt: undefined,
      leftAt: undefined,
      cancelledAt: undefined,
      busy: false,
    };
    this.all.push(instance);
    return instance;
  }

  /** Each instance once in `beatSeconds`, evenly: in slots of 50 ms. */
  async #beatAll(): Promise<void> {
    const slots = this.#options.beatSeconds * 20;
    for (let slot = 0; this.#running; slot = (slot + 1) % slots) {
      const due = performance.now() + 50;
      if (this.beating) {
        for (let index = slot; index < this.all.length; index += slots) {
          const instance = this.all[index]!;
          if (!instance.busy && instance.registeredAt !== undefined && instance.leftAt === undefined) {
            this.#run(instance, () => this.#beat(instance));
          }
        }
      }
      await pause(Math.max(0, due - performance.now()));
    }
  }

  async #churnAll(): Promise<void> {
    while (this.#running) {
      await pause(1_000 / Math.max(1, this.#options.churn));
      if (!this.churning || this.#options.churn === 0) continue;
      const newcomer = this.#bear();
      this.#run(newcomer, () => this.#register(newcomer));
      const living = this.living();
      const leaver = living[Math.floor(Math.random() * living.length)];
      if (leaver !== undefined && !leaver.busy) this.#run(leaver, () => this.#cancel(leaver));
    }
  }

  #run(instance: Instance, work: () => Promise<void>): void {
    instance.busy = true;
    const running = work().finally(() => {
      instance.busy = false;
      this.#work.delete(running);
    });
    this.#work.add(running);
  }

  async #register(instance: Instance): Promise<void> {
    const status = await this.#ask(instance, 'POST', instance.app, this.#registration(instance));
    if (status === 204) instance.registeredAt = performance.now();
  }

  async #beat(instance: Instance): Promise<void> {
    const status = await this.#ask(instance, 'PUT', `${instance.app}/${encodeURIComponent(instance.id)}`);
    if (status !== 404) return;
    this.forgotten++;
    await this.#register(instance);
  }

  async #cancel(instance: Instance): Promise<void> {
    instance.leftAt = performance.now();
    const status = await this.#ask(instance, 'DELETE', `${instance.app}/${encodeURIComponent(instance.id)}`);
    if (status === 200 || status === 404) instance.cancelledAt = performance.now();
  }

  /** @returns the status of the first answer that is one; undefined: no node gave any */
  async #ask(instance: Instance, method: string, path: string, body?: string): Promise<number | undefined> {
    const { urls } = this.#options;
    this.requests++;
    const told: string[] = [];
    for (let attempt = 0; attempt < urls.length; attempt++) {
      const url = `${urls[instance.node]}/apps/${path}`;
      const answer = await this.#caller.ask(method, url, body === undefined ? {} : { body });
      if (answer !== undefined && answer.status < 500) return answer.status;
      told.push(`${answer?.status ?? 'no answer'} ${answer?.text.slice(0, 120) ?? ''}`);
      instance.node = (instance.node + 1) % urls.length;
      this.movedOn++;
    }
    this.failed++;
    this.failures.push(`${method} ${path}: ${told.join('; ')}`);
    return undefined;
  }

  #registration({ app, id }: Instance): string {
    const { beatSeconds, leaseSeconds } = this.#options;
    const zone = 'abc'[Number(/\d+/.exec(id)![0]) % 3];
    return JSON.stringify({
      instance: {
        instanceId: id,
        app,
        hostName: id.split(':')[0],
        ipAddr: '10.0.0.1',
        status: 'UP',
        port: { $: 8080, '@enabled': 'true' },
        vipAddress: app.toLowerCase(),
        dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
        leaseInfo: { renewalIntervalInSecs: beatSeconds, durationInSecs: leaseSeconds },
        metadata: { zone },
        lastDirtyTimestamp: String(Date.now()),
      },
    });
  }
}
