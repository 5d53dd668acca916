/**
 * One large list in one layout, and its readers. A read is answered with what the list has, if nothing has changed since that was made; else it waits
 * for a build that begins from now on, so it sees all that was applied when it came. Many readers and many changes share one build.
 */
import type { Clock } from '@heureka/client-sdk/runtime';
import type { ServedInstance } from '../replica/replica-reader.ts';
import type { InstanceKey } from '../store/instance-key.ts';
import type { Build, BuildTurns } from './build-turns.ts';
import { canonically } from './canonical-order.ts';
import type { InstanceTexts } from './instance-texts.ts';
import type { Counters, Layout } from './layout.ts';
import { type Difference, SegmentedList } from './segmented-list.ts';
import type { EncodedAnswer, Representation } from './views.ts';

/** What stands around a list, and what it is named by. */
export interface ListTitle {
  readonly counters: Counters;
  readonly etag: string;
}

/** What a list shows. */
export interface ListContent {
  /** Everything in it, in no particular order. */
  all(): Iterable<ServedInstance>;
  /** As of now. */
  title(layout: Layout): ListTitle;
}

export interface LargeListOptions {
  readonly layout: Layout;
  readonly texts: InstanceTexts;
  readonly content: ListContent;
  readonly turns: BuildTurns;
  readonly clock: Clock;
  /** After each build that was made. */
  readonly built: () => void;
}

type Encoding = Representation['encoding'];

interface Form {
  /** Monotonic ms of the latest read; undefined: nobody wants it. */
  askedAt: number | undefined;
  answer: EncodedAnswer | undefined;
  /** For readers whom the build underway does not cover, or who came when there was none. */
  next: Waiting | undefined;
  /** Set while a build makes this form. */
  underway: Waiting | undefined;
}

interface Waiting {
  readonly answered: Promise<EncodedAnswer>;
  readonly resolve: (answer: EncodedAnswer) => void;
  readonly reject: (error: unknown) => void;
}

export class LargeList implements Build {
  readonly #options: LargeListOptions;
  #list: SegmentedList;
  /** What happened since the latest build began; undefined: all must be compared. */
  #differences: Map<InstanceKey, Difference> | undefined;
  /** Whether nothing has happened since the latest build began. */
  #current = false;
  readonly #forms: Readonly<Record<Encoding, Form>> = { identity: unasked(), gzip: unasked() };

  constructor(options: LargeListOptions) {
    this.#options = options;
    this.#list = new SegmentedList(options.layout, options.texts);
  }

  /** The content changed in one place. */
  changed(difference: Difference): void {
    this.#differences?.set(difference.key, difference);
    this.#current = false;
  }

  /** The content, or its name, changed as a whole. */
  replaced(): void {
    this.#differences = undefined;
    this.#current = false;
  }

  answer(encoding: Encoding): EncodedAnswer | Promise<EncodedAnswer> {
    const form = this.#forms[encoding];
    form.askedAt = this.#options.clock.monotonic();
    if (this.#current) {
      const made = form.answer ?? form.underway?.answered;
      if (made !== undefined) return made;
    }
    form.next ??= waiting();
    const { answered } = form.next;
    this.#options.turns.ask(this);
    // Made within the call, when it was little.
    return this.#current && form.answer !== undefined ? form.answer : answered;
  }

  *begin(): Generator<void, void> {
    const { content, layout } = this.#options;
    const { identity, gzip } = this.#forms;
    for (const form of [identity, gzip]) {
      // No longer what the content is, and not to be mistaken for it.
      form.answer = undefined;
      form.underway = form.next ?? (form.askedAt === undefined ? undefined : waiting());
      form.next = undefined;
    }
    const { counters, etag } = content.title(layout);
    const differences = this.#differences ?? this.#list.differencesTo(content.all());
    this.#differences = new Map();
    this.#current = true;
    const wanted = { plain: identity.askedAt !== undefined, packed: gzip.askedAt !== undefined };
    yield;
    const ordered: Difference[] = [];
    for (const part of inOrder(differences.values())) {
      // Not spread: an application may have more instances than a call may have arguments.
      for (const difference of part) ordered.push(difference);
      yield;
    }
    yield* this.#list.apply(ordered, wanted);
    const [head, tail] = [layout.head(counters), layout.tail(counters)];
    if (wanted.plain) identity.answer = encoded(etag, this.#list.plain(head, tail));
    if (wanted.packed) gzip.answer = encoded(etag, this.#list.packed(head, tail));
  }

  done(): void {
    for (const form of [this.#forms.identity, this.#forms.gzip]) {
      form.underway?.resolve(form.answer!);
      form.underway = undefined;
    }
    this.#options.built();
  }

  /** A fault of ours: the next build begins from nothing. */
  failed(error: unknown): void {
    this.#list = new SegmentedList(this.#options.layout, this.#options.texts);
    this.replaced();
    for (const form of [this.#forms.identity, this.#forms.gzip]) {
      form.answer = undefined;
      form.underway?.reject(error);
      form.underway = undefined;
    }
  }

  /** Monotonic ms of the latest read of this form; undefined: it is not held. */
  askedAt(encoding: Encoding): number | undefined {
    return this.#forms[encoding].askedAt;
  }

  /** Lets go of a form that nobody asks for; not while somebody waits for it. */
  drop(encoding: Encoding): void {
    const form = this.#forms[encoding];
    if (form.next !== undefined || form.underway !== undefined) return;
    form.askedAt = undefined;
    form.answer = undefined;
    this.#list.drop(encoding === 'identity' ? 'plain' : 'packed');
  }
}

/** Application by application: sorting all at once would take a turn of its own. */
function* inOrder(differences: Iterable<Difference>): Generator<readonly Difference[], void> {
  const apps = new Map<string, Difference[]>();
  for (const difference of differences) {
    const ofApp = apps.get(difference.app);
    if (ofApp === undefined) apps.set(difference.app, [difference]);
    else ofApp.push(difference);
  }
  for (const app of [...apps.keys()].sort()) yield apps.get(app)!.sort(canonically);
}

function encoded(etag: string, chunks: readonly Uint8Array[]): EncodedAnswer {
  return { etag, chunks, length: chunks.reduce((sum, chunk) => sum + chunk.length, 0) };
}

function unasked(): Form {
  return { askedAt: undefined, answer: undefined, next: undefined, underway: undefined };
}

function waiting(): Waiting {
  let resolve!: Waiting['resolve'];
  let reject!: Waiting['reject'];
  const answered = new Promise<EncodedAnswer>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  // Whoever reads hears of it; a build within the call has no reader.
  answered.catch(() => {});
  return { answered, resolve, reject };
}
