/**
 * Reads the lists that nodes answer and holds them against what was acknowledged. During a fault that parts the nodes each knows what was
 * registered before it; whatever was registered since is expected of all of them once they agree again.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { HttpCaller } from './http-caller.ts';
import type { Instance, Population } from './population.ts';

/** After an acknowledgement, what other nodes may still not show; generous, as everything shares two cores. */
const SPREAD_MS = 1_500;
const LOOK_EACH_MS = 300;

interface Listing {
  etag: string | undefined;
  ids: ReadonlySet<string>;
}

export class Watcher {
  /** Beating instances that an answer lacked. */
  readonly missing = new Set<string>();
  /** Instances that were listed again on a node that had shown them gone, or after all nodes had agreed. */
  readonly resurrected = new Map<string, string>();
  looks = 0;
  readonly #urls: readonly string[];
  readonly #population: Population;
  readonly #caller = new HttpCaller();
  readonly #listings: Listing[];
  /** By node: who left and was not listed there any more. */
  readonly #seenGone: Set<string>[];
  #partedAt: number | undefined;
  #running = true;
  #done: Promise<unknown> = Promise.resolve();

  constructor(urls: readonly string[], population: Population) {
    this.#urls = urls;
    this.#population = population;
    this.#listings = urls.map(() => ({ etag: undefined, ids: new Set() }));
    this.#seenGone = urls.map(() => new Set());
  }

  begin(): void {
    this.#done = Promise.all(this.#urls.map((_, node) => this.#watch(node)));
  }

  /** From now on nodes may not hear each other. */
  parted(): void {
    this.#partedAt = performance.now();
  }

  agreed(): void {
    this.#partedAt = undefined;
  }

  resetCounts(): void {
    this.missing.clear();
    this.resurrected.clear();
    this.looks = 0;
  }

  /** What a node lists now; undefined: it refuses or does not answer. */
  async listed(node: number): Promise<ReadonlySet<string> | undefined> {
    const listing = this.#listings[node]!;
    const headers: Record<string, string> = { accept: 'application/json' };
    if (listing.etag !== undefined) headers['if-none-match'] = listing.etag;
    const answer = await this.#caller.ask('GET', `${this.#urls[node]}/apps`, { headers, timeoutMs: 2_000 });
    if (answer?.status === 304) return listing.ids;
    if (answer?.status !== 200) return undefined;
    const ids = new Set([...answer.text.matchAll(/"instanceId":"([^"]*)"/g)].map((match) => match[1]!));
    this.#listings[node] = { etag: answer.etag, ids };
    return ids;
  }

  async end(): Promise<void> {
    this.#running = false;
    await this.#done;
    this.#caller.close();
  }

  async #watch(node: number): Promise<void> {
    while (this.#running) {
      await pause(LOOK_EACH_MS);
      const askedAt = performance.now();
      const parted = this.#partedAt;
      const ids = await this.listed(node);
      if (ids === undefined) continue;
      this.looks++;
      // The nodes may have been parted, or have agreed, while this answer was on its way.
      const since = parted ?? this.#partedAt;
      for (const instance of this.#population.all) {
        if (this.#shouldBeListed(instance, askedAt, since) && !ids.has(instance.id)) this.missing.add(instance.id);
        if (instance.cancelledAt !== undefined) this.#lookAtGone(instance, node, ids, askedAt, since);
      }
    }
  }

  #shouldBeListed({ registeredAt, leftAt }: Instance, askedAt: number, parted: number | undefined): boolean {
    if (registeredAt === undefined || leftAt !== undefined) return false;
    return registeredAt + SPREAD_MS < Math.min(askedAt, parted ?? askedAt);
  }

  #lookAtGone(
    { id, cancelledAt }: Instance,
    node: number,
    ids: ReadonlySet<string>,
    askedAt: number,
    parted: number | undefined,
  ): void {
    if (!ids.has(id)) {
      if (cancelledAt! < askedAt) this.#seenGone[node]!.add(id);
    } else if (this.#seenGone[node]!.has(id)) {
      this.resurrected.set(id, `${new Date().toISOString().slice(14, 23)} by node ${node}`);
    } else if (cancelledAt! + SPREAD_MS < Math.min(askedAt, parted ?? askedAt)) {
      this.resurrected.set(id, `${new Date().toISOString().slice(14, 23)} by node ${node}`);
    }
  }
}
