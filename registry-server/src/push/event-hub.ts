/**
 * Changes pushed to whoever keeps a stream open: at once, and what follows within 50 ms gathered; encoded once for all readers with the same filter,
 * the latest of each instance only. What a stream says is in `event-text.ts`; that no reader is buffered without bound, in `event-reader.ts`.
 */
import type { ServerResponse } from 'node:http';
import { hashCodeOf } from '@heureka/client-sdk/protocol';
import type { Clock, Random, Timer } from '@heureka/client-sdk/runtime';
import type { AppliedChange, Cursor, ReplicaReader } from '../replica/replica-reader.ts';
import { selected, type Wanted, wantedBy } from '../views/change-selection.ts';
import { InstanceTexts } from '../views/instance-texts.ts';
import { layoutOf } from '../views/layout.ts';
import { listText } from '../views/list-text.ts';
import { parseCursor } from '../views/registry-views.ts';
import type { ChangeFilter } from '../views/views.ts';
import { EventReader } from './event-reader.ts';
import { aliveComment, BYE, cursorEvent, deltaEvent, retryLine } from './event-text.ts';

export interface EventHubOptions {
  readonly replica: ReplicaReader;
  readonly clock: Clock;
  readonly random: Random;
  /** Shared with the views, so that nothing is encoded twice. */
  readonly texts?: InstanceTexts;
}

/** At most one event in so many ms. */
export const GATHER_MS = 50;
export const ALIVE_MS = 15_000;
const CHECK_MS = 1_000;
/** Larger ones are fetched instead, compressed and at the reader's own speed. */
const MAX_EVENT_BYTES = 128 * 1024;
/** So many are always larger than that: no instance is less than 512 bytes as JSON. */
const MAX_EVENT_INSTANCES = 256;
/** Browsers come back after 1 to 5 s: not all at once. */
const RETRY_MS = 1_000;
const RETRY_SPREAD_MS = 4_000;
const LAYOUT = layoutOf({ format: 'json', form: 'full' });

/** Readers with the same filter. */
interface Group {
  readonly filter: ChangeFilter;
  wanted: Wanted;
  readonly readers: Set<EventReader>;
}

export class EventHub {
  readonly #replica: ReplicaReader;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #texts: InstanceTexts;
  readonly #groups = new Map<string, Group>();
  readonly #stop: readonly (() => void)[];
  #size = 0;
  #gathered: AppliedChange[] = [];
  #gathering: Timer | undefined;
  /** Monotonic ms of the latest event with changes. */
  #sentAt = Number.NEGATIVE_INFINITY;
  #checking: Timer | undefined;
  #aliveAt = 0;
  #unknownUpTo: number;
  #closed = false;

  constructor({ replica, clock, random, texts = new InstanceTexts() }: EventHubOptions) {
    this.#replica = replica;
    this.#clock = clock;
    this.#random = random;
    this.#texts = texts;
    this.#unknownUpTo = replica.cursor.version;
    this.#stop = [replica.onChange((change) => this.#gather(change)), replica.onReset((at) => this.#reset(at))];
  }

  /** Open streams. */
  get size(): number {
    return this.#size;
  }

  /**
   * Takes the response over, its head not yet written.
   *
   * @param lastEventId - the cursor that the reader has reached; undefined: it goes on from now
   */
  open(
    response: ServerResponse,
    headers: Readonly<Record<string, string>>,
    filter: ChangeFilter,
    lastEventId: string | undefined,
  ): void {
    const reader = new EventReader(response, () => this.#clock.monotonic());
    response.writeHead(200, headers);
    if (this.#closed) {
      reader.end(BYE);
      return;
    }
    // Everybody stands at the present cursor, so the newcomer misses nothing and hears nothing twice.
    this.#flush();
    const group = this.#groupOf(filter);
    group.readers.add(reader);
    this.#size++;
    response.once('close', () => this.#gone(group, reader));
    // A broken connection ends in `close` too.
    response.on('error', () => {});
    reader.send(retryLine(RETRY_MS + Math.floor(this.#random() * RETRY_SPREAD_MS)) + this.#welcome(group, lastEventId));
    this.#checking ??= this.#check(this.#clock.monotonic());
  }

  /** Says `bye` to all and ends; whoever comes later is told at once. */
  close(): void {
    this.#closed = true;
    for (const stop of this.#stop) stop();
    this.#flush();
    this.#checking?.cancel();
    this.#checking = undefined;
    for (const { readers } of this.#groups.values()) for (const reader of readers) reader.end(BYE);
  }

  #welcome(group: Group, lastEventId: string | undefined): string {
    const { cursor } = this.#replica;
    if (lastEventId === undefined) return cursorEvent('hello', cursor);
    const from = parseCursor(lastEventId);
    const missed = from === undefined ? undefined : this.#replica.after(from);
    if (from === undefined || missed === undefined) return cursorEvent('reset', cursor);
    return cursorEvent('hello', from) + (this.#event(missed, cursor, group.wanted) ?? '');
  }

  #gather(change: AppliedChange): void {
    if (this.#size === 0) return;
    this.#gathered.push(change);
    // In a later turn at the earliest: what is applied together is told together.
    this.#gathering ??= this.#clock.after(this.#sentAt + GATHER_MS - this.#clock.monotonic(), () => this.#flush());
  }

  #flush(): void {
    this.#gathering?.cancel();
    this.#gathering = undefined;
    const changes = this.#gathered;
    if (changes.length === 0) return;
    this.#gathered = [];
    this.#sentAt = this.#clock.monotonic();
    // Up to the last change that is in it: a version after it that changed nothing is said with the next.
    const to = changes.at(-1)!.cursor;
    for (const { wanted, readers } of this.#groups.values()) {
      const event = this.#event(changes, to, wanted);
      if (event !== undefined) sendAll(readers, event);
    }
  }

  /** Another content, or other numbers, as a whole. */
  #reset(at: Cursor): void {
    this.#gathering?.cancel();
    this.#gathering = undefined;
    this.#gathered = [];
    this.#unknownUpTo = at.version;
    const event = cursorEvent('reset', at);
    for (const group of this.#groups.values()) {
      group.wanted = wantedBy(group.filter, at.version);
      sendAll(group.readers, event);
    }
  }

  /** @returns undefined where nothing of it is wanted */
  #event(changes: readonly AppliedChange[], to: Cursor, wanted: Wanted): string | undefined {
    const instances = selected(changes, wanted);
    if (instances.length === 0) return undefined;
    // Before any text is made: after an hour apart a thousand readers come back at once.
    if (instances.length > MAX_EVENT_INSTANCES) return cursorEvent('gap', to);
    const counters = { version: String(to.version), hash: hashCodeOf(this.#replica.statusCounts) };
    const event = deltaEvent(to, listText(instances, counters, LAYOUT, this.#texts));
    return event.length > MAX_EVENT_BYTES ? cursorEvent('gap', to) : event;
  }

  /** One timer for all readers, while there are any. */
  #check(aliveAt: number): Timer {
    this.#aliveAt = aliveAt;
    const turn = (): void => {
      if (this.#size === 0) {
        this.#checking = undefined;
        return;
      }
      for (const { readers } of this.#groups.values()) for (const reader of readers) reader.dropIfStalled();
      const now = this.#clock.monotonic();
      if (now - this.#aliveAt >= ALIVE_MS) {
        this.#aliveAt = now;
        this.#flush();
        const comment = aliveComment(this.#replica.cursor);
        for (const { readers } of this.#groups.values()) sendAll(readers, comment);
      }
      this.#checking = this.#clock.after(CHECK_MS, turn);
    };
    return this.#clock.after(CHECK_MS, turn);
  }

  #groupOf({ apps, vips }: ChangeFilter): Group {
    const filter = { apps: [...new Set(apps)].sort(), vips: [...new Set(vips)].sort() };
    const key = JSON.stringify([filter.apps, filter.vips]);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { filter, wanted: wantedBy(filter, this.#unknownUpTo), readers: new Set() };
      this.#groups.set(key, group);
    }
    return group;
  }

  #gone(group: Group, reader: EventReader): void {
    if (!group.readers.delete(reader)) return;
    this.#size--;
    if (group.readers.size > 0) return;
    this.#groups.delete(JSON.stringify([group.filter.apps, group.filter.vips]));
  }
}

function sendAll(readers: ReadonlySet<EventReader>, event: string): void {
  const bytes = Buffer.from(event);
  for (const reader of readers) reader.send(bytes);
}
