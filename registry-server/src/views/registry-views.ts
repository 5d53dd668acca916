/**
 * The registry's answers over the replica. Texts of instances are made once per change, lists once per version and layout, and what nobody
 * asks for is not made. Small lists are put together from those texts; the list of everything and the delta are kept up change by change
 * (`large-list.ts`).
 */
import { appsHashCode, hashCodeOf } from '@heureka/client-sdk/protocol';
import type { Clock } from '@heureka/client-sdk/runtime';
import type { AppliedChange, Cursor, ReplicaReader, ServedInstance } from '../replica/replica-reader.ts';
import { AnswerCache } from './answer-cache.ts';
import { BuildTurns } from './build-turns.ts';
import { inOrder } from './canonical-order.ts';
import { selected, wantedBy } from './change-selection.ts';
import { DeltaWindow } from './delta-window.ts';
import { InstanceTexts } from './instance-texts.ts';
import { LargeLists } from './large-lists.ts';
import { type Counters, type Layout, layoutOf } from './layout.ts';
import { ListAnswer } from './list-answer.ts';
import { appText, listText } from './list-text.ts';
import type { ChangeFilter, EncodedAnswer, Representation, Views } from './views.ts';

export interface RegistryViewsOptions {
  readonly replica: ReplicaReader;
  readonly clock: Clock;
  /** Store time, epoch ms. */
  readonly now: () => number;
  /** How far `apps/delta` looks back, in ms. */
  readonly deltaWindowMs: number;
  /** Shared with whoever pushes the same texts. */
  readonly texts?: InstanceTexts;
}

/** Full lists always say so (protocol 3.2), lists of a VIP say -1 (1.5, rows 12 and 13). */
const FULL_VERSION = '1';
const VIP_VERSION = '-1';
/** Of answers about one application or VIP: 50,000 instances are 57 MB, made once a change and not once a request. */
const KEPT_PARTS_BYTES = 64 * 1024 * 1024;
/** Of changes since a cursor. */
const KEPT_SINCE_BYTES = 32 * 1024 * 1024;
/** Instances in an answer about changes, which is made in one turn for one reader; past that the list of everything is cheaper for both. */
export const MAX_SINCE = 2_000;
/** Remembered like an answer: changes that are too many. */
const TOO_MANY = { length: 0, as: (): undefined => undefined } as const;

type Answer = EncodedAnswer | Promise<EncodedAnswer>;

export class RegistryViews implements Views {
  readonly #replica: ReplicaReader;
  readonly #now: () => number;
  readonly #deltaWindowMs: number;
  readonly #texts: InstanceTexts;
  /** Names the content: versions that changed no instance do not count. */
  #content: Cursor;
  readonly #everything: LargeLists;
  readonly #window: DeltaWindow;
  readonly #parts = new AnswerCache<ListAnswer>(KEPT_PARTS_BYTES);
  /** Since a cursor; only for the present one. */
  readonly #since = new AnswerCache<ListAnswer | typeof TOO_MANY>(KEPT_SINCE_BYTES);
  #sinceCursor: Cursor | undefined;
  /** Of changes up to this version it is not known what stood there before. */
  #unknownUpTo: number;

  constructor({ replica, clock, now, deltaWindowMs, texts = new InstanceTexts() }: RegistryViewsOptions) {
    this.#replica = replica;
    this.#now = now;
    this.#deltaWindowMs = deltaWindowMs;
    this.#texts = texts;
    this.#content = contentOf(replica);
    this.#unknownUpTo = replica.cursor.version;
    const shared = { texts, clock, turns: new BuildTurns(clock) };
    this.#everything = new LargeLists({
      ...shared,
      content: {
        all: () => replica.all(),
        title: (layout) => ({
          counters: this.#counters(FULL_VERSION),
          etag: this.#etag(String(this.#content.version), 'all', layout),
        }),
      },
    });
    this.#window = new DeltaWindow({
      ...shared,
      recent: (since) => replica.recent(since),
      title: (layout, from) => {
        const { version } = this.#content;
        return {
          counters: this.#counters(String(version)),
          etag: this.#etag(`${from ?? version}-${version}`, 'delta', layout),
        };
      },
    });
    replica.onChange((change) => {
      this.#content = change.cursor;
      this.#everything.changed(change);
      this.#window.changed(change);
    });
    replica.onReset(({ version }) => {
      this.#unknownUpTo = version;
      this.#parts.clear();
      this.#content = contentOf(replica);
      this.#everything.replaced();
      this.#window.replaced();
    });
  }

  all(as: Representation): Answer {
    return this.#everything.answer(as);
  }

  delta(as: Representation): Answer {
    return this.#window.answer(as, this.#now() - this.#deltaWindowMs);
  }

  app(name: string, as: Representation): Answer | undefined {
    const instances = this.#replica.app(name);
    if (instances === undefined) return undefined;
    const layout = layoutOf(as);
    return this.#part('app', name, instances.size, layout, () =>
      appText(name, inOrder(instances.values()), layout, this.#texts),
    ).as(as.encoding);
  }

  vip(name: string, secure: boolean, as: Representation): Answer {
    const found = this.#replica.vip(name, secure);
    const layout = layoutOf(as);
    const text = (): string => {
      const instances = inOrder(found?.values() ?? []);
      return listText(instances, { version: VIP_VERSION, hash: hashOf(instances) }, layout, this.#texts);
    };
    // Anybody may make up names: what is not there is not kept.
    if (found === undefined) return new ListAnswer(this.#etag('0.0', 'none', layout), text()).as(as.encoding);
    return this.#part(secure ? 'svip' : 'vip', name, found.size, layout, text).as(as.encoding);
  }

  since(text: string, filter: ChangeFilter, encoding: 'identity' | 'gzip'): Answer | undefined {
    const { cursor } = this.#replica;
    if (this.#sinceCursor !== cursor) {
      this.#since.clear();
      this.#sinceCursor = cursor;
    }
    const key = JSON.stringify([text, filter.apps, filter.vips]);
    let answer = this.#since.get(key);
    if (answer === undefined) {
      const from = parseCursor(text);
      const changes = from === undefined ? undefined : this.#replica.after(from);
      if (from === undefined || changes === undefined) return undefined;
      answer = this.#changesAnswer(changes, from, cursor, filter);
      this.#since.set(key, answer);
    }
    return answer.as(encoding);
  }

  #changesAnswer(
    changes: readonly AppliedChange[],
    from: Cursor,
    to: Cursor,
    filter: ChangeFilter,
  ): ListAnswer | typeof TOO_MANY {
    const layout = layoutOf({ format: 'json', form: 'full' });
    const instances = selected(changes, wantedBy(filter, this.#unknownUpTo));
    if (instances.length > MAX_SINCE) return TOO_MANY;
    const text = listText(instances, this.#counters(String(to.version)), layout, this.#texts);
    return new ListAnswer(this.#etag(`${from.version}-${to.version}`, 'since', layout), text);
  }

  #part(kind: 'app' | 'vip' | 'svip', name: string, size: number, layout: Layout, text: () => string): ListAnswer {
    const key = `${layout.name} ${kind} ${name}`;
    // The size too: a node that has just loaded does not know of removals, and would say the version of what they left.
    const etag = this.#etag(`${this.#replica.versionOf(kind, name)}.${size}`, `${kind}-${inEtag(name)}`, layout);
    const known = this.#parts.get(key);
    if (known?.etag === etag) return known;
    const answer = new ListAnswer(etag, text());
    this.#parts.set(key, answer);
    return answer;
  }

  #counters(version: string): Counters {
    return { version, hash: hashCodeOf(this.#replica.statusCounts) };
  }

  #etag(version: string, view: string, layout: Layout): string {
    return `W/"${this.#content.epoch}.${version}-${view}-${layout.name}"`;
  }
}

/** The latest change that made an instance what it is; a version that only placed a hold is not one. */
function contentOf(replica: ReplicaReader): Cursor {
  return replica.recent(Number.NEGATIVE_INFINITY).at(-1)?.cursor ?? replica.cursor;
}

/** `<epoch>.<version>`. @returns undefined for anything else */
export function parseCursor(text: string): Cursor | undefined {
  const dot = text.lastIndexOf('.');
  const digits = text.slice(dot + 1);
  if (dot < 1 || !/^\d{1,15}$/.test(digits)) return undefined;
  return { epoch: text.slice(0, dot), version: Number(digits) };
}

function hashOf(instances: readonly ServedInstance[]): string {
  return appsHashCode(instances.map(({ info }) => info));
}

/** A name may hold anything; a header may not. */
function inEtag(name: string): string {
  return encodeURIComponent(name.toWellFormed());
}
