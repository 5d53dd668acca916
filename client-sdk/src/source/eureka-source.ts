/**
 * A Eureka server's list, followed: a full fetch, then changes as the server pushes them, or its deltas on an interval, which stay as the safety
 * net under a push. Which server is asked is the port's business; what a position is worth at another one, ours.
 *
 * One rule keeps pushes and polls in order: both are applied by position, what is at or below the position is dropped, and a push is applied
 * only when nothing lies between it and the position. Otherwise it is only remembered that there is more (`#heard`), and the next poll asks for it.
 * Whatever fails is reported and tried again, and never empties the list.
 */
import type { DiscoveryEvents, InstanceSource, SourceHandler } from '../api.ts';
import { DiscoveryError } from '../errors.ts';
import { InstanceConverter } from '../registry-api/instance-of.ts';
import type { Capabilities, Listed, RegistryApi, StreamEvent } from '../registry-api/registry-api.ts';
import { fullJitter } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import { Emitter, type Subscribe } from '../runtime/emitter.ts';
import { type Loop, startLoop } from '../runtime/loop.ts';
import type { Random } from '../runtime/random.ts';
import { DeltaTrust } from './delta-trust.ts';
import { FEW_APPS, fetchFullList } from './full-list.ts';
import type { HeldList } from './held-list.ts';
import { type Cursor, cursorText, type Position, parseCursor, sameHistory } from './position.ts';
import { PushStream } from './push-stream.ts';

export interface EurekaSourceOptions {
  readonly api: RegistryApi;
  readonly clock: Clock;
  readonly random: Random;
  /** Pause between two polls where nothing is pushed, in ms. */
  readonly pollMs: number;
  /** Whether to take pushes where the server offers them. */
  readonly push: boolean;
  /** Applications wanted, any case; undefined: all. */
  readonly subscribe?: readonly string[] | undefined;
}

/** Pause between two polls under a push, in ms. */
const SAFETY_MS = 60_000;
/** Stock deltas reach back 180 s and may be 30 s old: after a longer silence only a full list is sure to have everything. */
const DELTA_REACH_MS = 120_000;
/** A full list of a stock server now and then: its hash only counts, so that one lost change can hide another. */
const FULL_MS = 600_000;
/** The same where no hash can be checked. */
const UNCHECKED_FULL_MS = 300_000;
const RETRY = { baseMs: 1_000, capMs: 30_000 };
/** Never two requests closer than this, whatever chance says. */
const MIN_RETRY_MS = 200;
/** Share of a pause by which it varies, both ways. */
const JITTER = 0.1;

export class EurekaSource implements InstanceSource {
  readonly #api: RegistryApi;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #pollMs: number;
  readonly #push: boolean;
  readonly #converter = new InstanceConverter();
  readonly #trust = new DeltaTrust();
  readonly #source = new Emitter<DiscoveryEvents['source']>();
  readonly #warning = new Emitter<DiscoveryEvents['warning']>();
  #wanted: ReadonlySet<string> | undefined;
  #handler: SourceHandler | undefined;
  #loop: Loop | undefined;
  #stream: PushStream | undefined;
  #held: HeldList | undefined;
  /** Where `#held` stands; undefined: a full list is due. */
  #position: Position | undefined;
  /** The history that the lists come from, and the monotonic ms of the first of them. */
  #following: { readonly position: Position; readonly since: number } | undefined;
  #capabilities: Capabilities | undefined;
  /** The furthest that the stream has told of. */
  #heard: Cursor | undefined;
  /** A full list is on its way: it will replace what a push would change. */
  #fetching = false;
  #unchecked = false;
  /** Monotonic ms of the latest full list, and of the latest answer of any kind. */
  #fullAt = 0;
  #answeredAt = 0;
  #losses = 0;
  #failures = 0;
  #lagging = 0;
  #told = '';

  /** Where the list comes from, each time that changes, failures and their end included. */
  readonly onSource: Subscribe<DiscoveryEvents['source']> = this.#source.subscribe;
  readonly onWarning: Subscribe<DiscoveryEvents['warning']> = this.#warning.subscribe;

  constructor({ api, clock, random, pollMs, push, subscribe }: EurekaSourceOptions) {
    this.#api = api;
    this.#clock = clock;
    this.#random = random;
    this.#pollMs = pollMs;
    this.#push = push;
    this.#wanted = subscribe === undefined ? undefined : new Set(subscribe.map((name) => name.toUpperCase()));
  }

  /** Of the registry that is followed; undefined: a stock one, or none yet. */
  get epoch(): string | undefined {
    return this.#position?.cursor?.epoch;
  }

  /** Since when one server's one history has been followed without a break, in monotonic ms; undefined: this server's is not. */
  followingSince(server: string): number | undefined {
    return this.#following?.position.server === server ? this.#following.since : undefined;
  }

  /** Wants one application more, our own above all: zone shares need it. Nothing happens where all are wanted. */
  include(app: string): void {
    const name = app.toUpperCase();
    if (this.#wanted === undefined || this.#wanted.has(name)) return;
    this.#wanted = new Set([...this.#wanted, name]);
    this.#lose();
  }

  /** Asks now instead of after the pause: after a stall, or when our own instance is missing. */
  refresh(): void {
    this.#loop?.hurry();
  }

  async open(handler: SourceHandler, signal: AbortSignal): Promise<void> {
    if (this.#handler !== undefined) throw new TypeError('this source is open already');
    if (signal.aborted) return;
    this.#handler = handler;
    this.#loop = startLoop({
      clock: this.#clock,
      turn: (stopping) => this.#turn(stopping),
      failed: (error) => this.#failed(error),
    });
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    this.#stream?.stop();
    await this.#loop.stop();
  }

  async #turn(signal: AbortSignal): Promise<number> {
    if (this.#wanted?.size === 0) {
      this.#handler?.snapshot([]);
      return this.#varied(this.#pollMs);
    }
    const trusted = this.#trust.allows(this.#clock.monotonic());
    if (this.#fullIsDue(trusted)) await this.#full(signal);
    else await this.#changes(signal);
    if (this.#isBehind()) await this.#changes(signal);
    this.#failures = 0;
    const follows = trusted && this.#trust.allows(this.#clock.monotonic());
    this.#follow(follows);
    this.#tell();
    if (!follows) return this.#varied(this.#trust.nextPauseMs());
    if (this.#isBehind()) {
      // Servers that do not agree: patience, not a storm of requests.
      return this.#varied(Math.min(RETRY.baseMs * 2 ** this.#lagging++, this.#pollMs));
    }
    this.#lagging = 0;
    return this.#varied(this.#stream?.stands === true ? SAFETY_MS : this.#pollMs);
  }

  #fullIsDue(trusted: boolean): boolean {
    const position = this.#position;
    if (this.#held === undefined || position === undefined || !trusted) return true;
    if (this.#api.server !== position.server) return true;
    if (position.cursor !== undefined) return false;
    const now = this.#clock.monotonic();
    if (this.#wanted !== undefined && this.#wanted.size <= FEW_APPS) return true;
    const fullMs = this.#unchecked ? UNCHECKED_FULL_MS : FULL_MS;
    return now - this.#answeredAt > DELTA_REACH_MS || now - this.#fullAt >= fullMs;
  }

  async #full(signal: AbortSignal): Promise<void> {
    const position = this.#position;
    const losses = this.#losses;
    this.#fetching = true;
    const list = await fetchFullList(
      {
        api: this.#api,
        clock: this.#clock,
        converter: this.#converter,
        wanted: this.#wanted,
        before: this.#held,
        stock: position !== undefined && position.cursor === undefined ? position.server : undefined,
      },
      signal,
    ).finally(() => {
      this.#fetching = false;
    });
    this.#held = list.held;
    // Lost again meanwhile: what is wanted is another list, and the next turn fetches it.
    this.#position = losses === this.#losses ? list.position : undefined;
    this.#capabilities = list.capabilities;
    this.#unchecked = list.unreadable;
    this.#fullAt = this.#answeredAt = this.#clock.monotonic();
    const { server, cursor } = list.position;
    if (this.#following === undefined || !sameHistory(this.#following.position, server, cursor)) {
      this.#following = { position: list.position, since: this.#fullAt };
    }
    this.#handler?.snapshot(list.held.instances());
  }

  /** What the list held lacks; a full list where the server cannot say, or where the outcome is not what it should be. */
  async #changes(signal: AbortSignal): Promise<void> {
    const asked = this.#position;
    if (asked === undefined) return this.#full(signal);
    const listed =
      asked.cursor === undefined
        ? await this.#api.delta(signal)
        : await this.#api.since(cursorText(asked.cursor), [...(this.#wanted ?? [])], signal);
    // A stream may have moved the position meanwhile, or shown that it is worth nothing.
    const position = this.#position;
    const cursor = listed?.capabilities.since ? parseCursor(listed.cursor) : undefined;
    if (listed === undefined || position === undefined || !sameHistory(position, listed.server, cursor)) {
      return this.#full(signal);
    }
    this.#answeredAt = this.#clock.monotonic();
    if (cursor !== undefined && position.cursor !== undefined && cursor.version < position.cursor.version) return;
    if (!this.#apply(listed, { server: listed.server, cursor })) await this.#full(signal);
  }

  /** @returns false when the list held then differs from the server's by its hash */
  #apply(listed: Listed, position: Position): boolean {
    const held = this.#held;
    if (held === undefined) return false;
    const { added, removed } = held.apply(listed.applications);
    this.#position = position;
    if (listed.skipped > 0 || listed.appsHashCode === undefined) this.#unchecked = true;
    if (added.length > 0 || removed.length > 0) this.#handler?.change(added, removed);
    else if (!this.#isBehind()) this.#handler?.confirmed?.();
    // With a filter of ours the server left the rest out: no hash can match, and the position is enough.
    if (this.#unchecked || (this.#wanted !== undefined && position.cursor !== undefined)) return true;
    if (held.hash === listed.appsHashCode) {
      this.#trust.matched();
      return true;
    }
    if (this.#trust.mismatched(this.#clock.monotonic())) {
      this.#warning.emit({
        code: 'DELTA_MISMATCH',
        message: `${position.server}: three deltas in a row did not lead to its list; full lists are fetched instead`,
      });
    }
    return false;
  }

  #failed(error: unknown): number {
    this.#handler?.failed?.(error);
    this.#tell(error);
    return MIN_RETRY_MS + fullJitter(this.#failures++, RETRY, this.#random);
  }

  /** The stream that belongs to the present position and to what is wanted; none where that cannot be. */
  #follow(trusted: boolean): void {
    const position = this.#position;
    const possible = this.#push && trusted && this.#capabilities?.stream === true;
    // Where it will stand, the next turn says.
    if (possible && position === undefined) return;
    if (!possible || position?.cursor === undefined) {
      this.#stream?.stop();
      this.#stream = undefined;
      return;
    }
    if (this.#stream?.serves(position.server, this.#wanted) === true) return;
    const failures = this.#stream?.failures ?? 0;
    this.#stream?.stop();
    this.#heard = undefined;
    this.#stream = new PushStream({
      api: this.#api,
      clock: this.#clock,
      random: this.#random,
      wanted: this.#wanted,
      failures,
      heard: (event) => this.#event(event),
      ended: (error) => this.#streamEnded(error),
      again: () => this.#loop?.hurry(),
    });
    this.#stream.start(cursorText(position.cursor));
  }

  #event(event: StreamEvent): void {
    switch (event.is) {
      case 'hello':
        this.#hear(parseCursor(event.cursor));
        if (this.#position?.server !== event.server || this.#isBehind()) this.#loop?.hurry();
        this.#tell();
        break;
      case 'delta':
        this.#pushed(event.listed);
        break;
      case 'gap':
        this.#hear(parseCursor(event.cursor));
        this.#loop?.hurry();
        break;
      case 'reset':
        this.#heard = parseCursor(event.cursor);
        this.#lose();
        break;
      case 'alive':
        this.#alive(parseCursor(event.cursor));
        break;
    }
  }

  #pushed(listed: Listed): void {
    const cursor = parseCursor(listed.cursor);
    const position = this.#position;
    const contiguous = !this.#fetching && !this.#isBehind();
    this.#hear(cursor);
    if (
      !contiguous ||
      cursor === undefined ||
      position?.cursor === undefined ||
      !sameHistory(position, listed.server, cursor)
    ) {
      this.#loop?.hurry();
      return;
    }
    if (cursor.version <= position.cursor.version) return;
    if (!this.#apply(listed, { server: listed.server, cursor })) this.#lose();
  }

  /** The stream lives, and nothing that is wanted lies between what it told and this cursor. */
  #alive(cursor: Cursor | undefined): void {
    const position = this.#position;
    if (this.#fetching || position?.cursor === undefined || this.#isBehind()) return;
    if (cursor !== undefined) {
      if (cursor.epoch !== position.cursor.epoch) return;
      if (cursor.version > position.cursor.version) this.#position = { server: position.server, cursor };
    }
    this.#answeredAt = this.#clock.monotonic();
    this.#handler?.confirmed?.();
  }

  #hear(cursor: Cursor | undefined): void {
    if (cursor === undefined) return;
    const heard = this.#heard;
    if (heard?.epoch !== cursor.epoch || cursor.version > heard.version) this.#heard = cursor;
  }

  /** The stream has told of more than the list held has, or of another history. */
  #isBehind(): boolean {
    const heard = this.#heard;
    const cursor = this.#position?.cursor;
    if (heard === undefined || cursor === undefined) return false;
    return heard.epoch !== cursor.epoch || heard.version > cursor.version;
  }

  /** What is held may be wrong: a full list, now. */
  #lose(): void {
    this.#losses++;
    this.#position = undefined;
    this.#loop?.hurry();
  }

  #streamEnded(error: unknown): void {
    this.#heard = undefined;
    this.#tell(error);
  }

  #tell(error?: unknown): void {
    const known = DiscoveryError.in(error);
    const url = this.#position?.server ?? this.#api.server;
    const mode = this.#stream?.stands === true ? 'push' : 'poll';
    const told = `${mode} ${url} ${known?.code ?? (error === undefined ? '' : 'error')}`;
    if (told === this.#told) return;
    this.#told = told;
    this.#source.emit(known === undefined ? { url, mode } : { url, mode, error: known });
  }

  #varied(ms: number): number {
    return ms * (1 - JITTER + 2 * JITTER * this.#random());
  }
}
