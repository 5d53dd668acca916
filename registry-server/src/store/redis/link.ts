/** One connection for commands: ready or not, attached or not; every failure of it is a `StoreAway`. */
import { type Clock, sleep } from '@heureka/client-sdk/runtime';
import { Diverged, StoreAway } from '../registry-store.ts';
import { storeAway, unreachable } from './failures.ts';
import type { RedisClient, RedisTarget } from './redis-options.ts';
import type { Script, ScriptName } from './scripts.ts';

const CONNECT_MS = 2_000;

export type Reply = readonly unknown[];

export class RedisLink {
  readonly #target: RedisTarget;
  readonly #clock: Clock;
  readonly #keys: readonly string[];
  readonly #scripts: Readonly<Record<ScriptName, Script>>;
  readonly #client: RedisClient;
  #lastError: unknown;
  #attached = false;
  /** Ended by us, and not yet closed. */
  #givenUp = false;
  #closed = false;

  constructor(
    target: RedisTarget,
    clock: Clock,
    keys: readonly string[],
    scripts: Readonly<Record<ScriptName, Script>>,
    timeoutMs: number,
  ) {
    this.#target = target;
    this.#clock = clock;
    this.#keys = keys;
    this.#scripts = scripts;
    this.#client = target.connect(timeoutMs);
    this.#client.on('error', (error: unknown) => {
      this.#lastError = error;
    });
    // What comes after may be another server: nothing but `attach` is sent on it first.
    this.#client.on('close', () => {
      this.#attached = false;
      this.#givenUp = false;
    });
    this.#client.on('ready', () => {
      this.#lastError = undefined;
    });
  }

  get client(): RedisClient {
    return this.#client;
  }

  /** Marks this connection's history as known. */
  attached(): void {
    this.#attached = true;
  }

  /** Waits until commands can be sent, 2 s at most. @throws {StoreAway} with the reason */
  async ready(): Promise<void> {
    if (this.#closed) throw new StoreAway('not done', `${this.#target.name}: the store was closed`);
    if (this.#client.status === 'ready' && !this.#givenUp) return;
    // One that was given up is on its way out; it is the next one that counts.
    if (this.#givenUp) await this.#next(['close', 'end']);
    const begin = this.#client.status === 'wait' || this.#client.status === 'end';
    await this.#next(['ready', 'close', 'end'], begin ? () => this.#client.connect() : undefined);
    if ((this.#client.status as string) !== 'ready') throw unreachable(this.#target, this.#lastError);
  }

  /** Waits for one of these events, or for `begin` to fail, 2 s at most. */
  async #next(events: readonly string[], begin?: () => Promise<unknown>): Promise<void> {
    const settled = new AbortController();
    const settle = (): void => settled.abort();
    for (const event of events) this.#client.once(event, settle);
    begin?.().catch((error: unknown) => {
      this.#lastError ??= error;
      settle();
    });
    await sleep(this.#clock, CONNECT_MS, settled.signal, { keepAlive: true });
    for (const event of events) this.#client.off(event, settle);
  }

  /** Runs a script on an attached connection. @throws {StoreAway | Diverged} */
  async run(name: ScriptName, args: readonly (string | number)[]): Promise<Reply> {
    if (this.#closed) throw new StoreAway('not done', `${this.#target.name}: the store was closed`);
    if (this.#client.status !== 'ready' || this.#givenUp) throw unreachable(this.#target, this.#lastError);
    if (!this.#attached) throw new StoreAway('not done', `${this.#target.name} was reached anew: attach first`);
    return this.runUnattached(name, args);
  }

  async runUnattached(name: ScriptName, args: readonly (string | number)[]): Promise<Reply> {
    const { sha, lua } = this.#scripts[name];
    let reply: Reply;
    try {
      reply = (await this.#client.evalsha(sha, this.#keys.length, ...this.#keys, ...args)) as Reply;
    } catch (error) {
      if (!(error instanceof Error && error.message.includes('NOSCRIPT'))) throw this.#away(error);
      reply = await this.#load(lua, args);
    }
    if (reply[0] === 'LATE') throw new StoreAway('not done', `${this.#target.name} was reached too late`);
    if (reply[0] === 'DIVERGED' && name !== 'attach') throw new Diverged(`${this.#target.name}: ${reply[1]}`);
    return reply;
  }

  /** A restarted Redis has forgotten its scripts; sending the text runs it and teaches it again. */
  async #load(lua: string, args: readonly (string | number)[]): Promise<Reply> {
    try {
      return (await this.#client.eval(lua, this.#keys.length, ...this.#keys, ...args)) as Reply;
    } catch (error) {
      throw this.#away(error);
    }
  }

  /** @throws {StoreAway} instead of whatever `command` throws */
  async ask<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    if (this.#client.status !== 'ready') throw unreachable(this.#target, this.#lastError);
    try {
      return await command(this.#client);
    } catch (error) {
      throw this.#away(error);
    }
  }

  #away(error: unknown): StoreAway {
    // A server that says nothing keeps its connections; only a new one is led to the master that took its place.
    if (error instanceof Error && error.message.includes('timed out') && !this.#closed && !this.#givenUp) {
      this.#givenUp = true;
      this.#client.disconnect(true);
    }
    return storeAway(this.#target, error);
  }

  close(): void {
    this.#closed = true;
    this.#client.disconnect();
  }
}
