/**
 * Which server next: own zone first, shuffled inside, the one that answered last before all others, those that failed last of all.
 *
 * Holds no sockets and sets no timers. With one server it always names that one.
 *
 * @see Netflix eureka `RetryableEurekaHttpClient`, `SessionedEurekaHttpClient`, `ZoneAffinityClusterResolver`
 */
import type { Clock } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import { type RegistryBase, registryBase } from './credentials.ts';

export interface ServerChoiceOptions {
  /** Base URLs by zone; a plain list stands under `''`. */
  readonly urls: ReadonlyMap<string, readonly string[]>;
  /** Our own zone; undefined: unknown. */
  readonly zone: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
}

/** Once this share of all servers has failed, all are worth a try again. */
const QUARANTINE_SHARE = 0.66;
/** How long one server is kept, in ms, give or take half: without an end, the server that restarted last would never be asked again. */
const SESSION_MS = 1_200_000;
/** Names under which Spring and Netflix put the URLs of a zone that has none. */
const FALLBACK_ZONES = ['defaultZone', 'default', ''];

export class ServerChoice {
  readonly #own: readonly RegistryBase[];
  readonly #others: readonly RegistryBase[];
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #quarantine = new Set<RegistryBase>();
  #order: readonly RegistryBase[] = [];
  #pinned: RegistryBase | undefined;
  /** Left by wish: last in order until another has answered. */
  #left: RegistryBase | undefined;
  #sessionEnd = 0;

  constructor({ urls, zone, clock, random }: ServerChoiceOptions) {
    this.#clock = clock;
    this.#random = random;
    const ownName = [...(zone === undefined ? [] : [zone]), ...FALLBACK_ZONES].find((name) => urls.get(name)?.length);
    const own = ownName === undefined ? [] : urls.get(ownName)!;
    const bases = (list: readonly string[]): readonly RegistryBase[] => [...new Set(list)].map(registryBase);
    this.#own = bases(own);
    this.#others = bases([...urls.values()].flat().filter((url) => !own.includes(url)));
    this.#choose();
  }

  /** How many servers there are. */
  get size(): number {
    return this.#order.length;
  }

  /** The server that answered last, else the first in order. */
  get first(): RegistryBase {
    return this.#pinned ?? this.candidates()[0]!;
  }

  /** The servers to try, in order: never empty. */
  candidates(): readonly RegistryBase[] {
    if (this.#quarantine.size >= Math.trunc(this.size * QUARANTINE_SHARE)) this.#quarantine.clear();
    const rank = (server: RegistryBase): number => (server === this.#pinned ? 0 : server === this.#left ? 2 : 1);
    return this.#order
      .filter((server) => server === this.#pinned || !this.#quarantine.has(server))
      .sort((one, other) => rank(one) - rank(other));
  }

  /** This server answered as it should: it is asked first from now on. */
  answered(server: RegistryBase): void {
    this.#quarantine.delete(server);
    if (server !== this.#left) this.#left = undefined;
    this.#pinned = server;
  }

  /** This server gave no answer, or none that could be used. */
  failed(server: RegistryBase): void {
    // One that was fine until now may only have restarted: it is left, but not shut out (as stock has it).
    if (server !== this.#pinned) this.#quarantine.add(server);
    else this.#pinned = undefined;
  }

  /** Leaves the present server: it comes last until another has answered. */
  moveOn(): void {
    this.#left = this.first;
    this.#pinned = undefined;
  }

  /** Ms until this session ends; 0 or less: it has ended. */
  get sessionLeftMs(): number {
    return this.#sessionEnd - this.#clock.monotonic();
  }

  /** Begins a new session if the old one has ended: another order, and nobody first. */
  renewSession(): void {
    if (this.sessionLeftMs > 0) return;
    this.#pinned = undefined;
    this.#choose();
  }

  /** Whether this server is one of our zone's, or no server is. */
  isNear(server: RegistryBase): boolean {
    return this.#own.length === 0 || this.#own.includes(server);
  }

  #choose(): void {
    this.#order = [...shuffled(this.#own, this.#random), ...shuffled(this.#others, this.#random)];
    this.#sessionEnd = this.#clock.monotonic() + SESSION_MS * (0.5 + this.#random());
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const list = [...items];
  for (let last = list.length - 1; last > 0; last--) {
    const at = Math.floor(random() * (last + 1));
    [list[last], list[at]] = [list[at]!, list[last]!];
  }
  return list;
}
