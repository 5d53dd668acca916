/**
 * What is known of every service: takes the reports of a source, keeps the instances, and shows each service as an immutable view.
 *
 * It asks nobody and starts no timer. When the source fails, what was known stays, and its age grows. What a full list lacks is doubted, not
 * dropped: see `#doubt` (sdk-engine S9).
 */
import type { Instance, ServiceSnapshot, SourceHandler } from '../api.ts';
import type { Clock } from '../runtime/clock.ts';
import { Emitter, type Subscribe } from '../runtime/emitter.ts';
import { AppInstances, type Doubt } from './app-instances.ts';
import type { CachedService, InstanceCache } from './instance-cache.ts';
import { massRemovals, type Named } from './mass-removals.ts';
import { NameIndex } from './name-index.ts';
import { sameInstance } from './same-instance.ts';
import { type Freshness, type Members, viewOf } from './service-view.ts';
import { watch } from './watch.ts';

export interface ServiceCacheOptions {
  readonly clock: Clock;
  /** How long an instance is kept that a full list lacks, in ms; default 90 s, three polls of 30 s. */
  readonly doubtMs?: number;
  /** Age from which the cache calls itself stale, in ms; default 90 s. */
  readonly staleMs?: number;
}

const DOUBT_MS = 90_000;
const STALE_MS = 90_000;
/** Views of names that nobody ever listed: hosts of any kind are asked for, so they are bounded. */
const MAX_UNKNOWN = 1_000;

export class ServiceCache implements InstanceCache, SourceHandler {
  readonly #clock: Clock;
  readonly #doubtMs: number;
  readonly #freshness: Freshness;
  readonly #apps = new Map<string, AppInstances>();
  readonly #vips = new NameIndex(({ vip }) => vip);
  readonly #secureVips = new NameIndex(({ secureVip }) => secureVip);
  readonly #ever = new Set<string>();
  /** Of each application listed at some time, and of each VIP that was asked for. */
  readonly #views = new Map<string, CachedService>();
  readonly #unknown = new Map<string, CachedService>();
  /** Readers of `watch`, by name. */
  readonly #watched = new Map<string, number>();
  /** Names, in lower case, whose members have changed since the latest report was told. */
  readonly #dirty = new Set<string>();
  readonly #changed = new Emitter<CachedService>();
  readonly #reported = new Emitter<void>();
  #services: readonly string[] | undefined;
  #doubts = 0;
  #answered = false;
  /** Monotonic ms at which what is held was true; undefined: nothing has been received. */
  #trueAt: number | undefined;

  readonly onChange: Subscribe<CachedService> = this.#changed.subscribe;
  /** Fires after each list and each change that the source reports, after `onChange`: the time to look whether the list has our own instance. */
  readonly onReport: Subscribe<void> = this.#reported.subscribe;

  constructor({ clock, doubtMs = DOUBT_MS, staleMs = STALE_MS }: ServiceCacheOptions) {
    this.#clock = clock;
    this.#doubtMs = doubtMs;
    const age = (): number => this.ageMs;
    const stale = (): boolean => !this.#answered || this.ageMs > staleMs;
    this.#freshness = {
      get ageMs() {
        return age();
      },
      get stale() {
        return stale();
      },
    };
  }

  get ready(): boolean {
    return this.#trueAt !== undefined;
  }

  /** Whether the source has answered: false while there is nothing, or only what was read from disk. */
  get answered(): boolean {
    return this.#answered;
  }

  /** Ms since the source last said that the list held is right; Infinity when there is none. */
  get ageMs(): number {
    return this.#trueAt === undefined ? Number.POSITIVE_INFINITY : this.#clock.monotonic() - this.#trueAt;
  }

  /** What is held may be wrong by now: it is from disk, or its age is above the limit. */
  get stale(): boolean {
    return this.#freshness.stale;
  }

  service(name: string): CachedService {
    const key = name.toLowerCase();
    return this.#views.get(key) ?? this.#unknown.get(key) ?? this.#asked(key);
  }

  everListed(name: string): boolean {
    return this.#ever.has(name.toLowerCase());
  }

  services(): readonly string[] {
    this.#services ??= Object.freeze([...this.#apps.keys()].sort());
    return this.#services;
  }

  /** Every instance held, of any status, those in doubt included. */
  instances(): Instance[] {
    const all: Instance[] = [];
    for (const { listed, doubted } of this.#apps.values()) {
      for (const instance of listed.values()) all.push(instance);
      for (const { instance } of doubted.values()) all.push(instance);
    }
    return all;
  }

  /** Whether the latest list has this instance: one in doubt does not count. */
  holds(app: string, id: string): boolean {
    return this.#apps.get(app.toLowerCase())?.listed.has(id) ?? false;
  }

  /** The present view, then the newest after each change; ends by `signal` or when the reader leaves. */
  watch(service: string, signal?: AbortSignal): AsyncIterable<ServiceSnapshot> {
    const key = service.toLowerCase();
    const changes: Subscribe<ServiceSnapshot> = (listener) => {
      this.#watched.set(key, (this.#watched.get(key) ?? 0) + 1);
      const unsubscribe = this.onChange((changed) => {
        if (changed.service === key) listener(changed);
      });
      return () => {
        unsubscribe();
        const readers = (this.#watched.get(key) ?? 1) - 1;
        if (readers > 0) this.#watched.set(key, readers);
        else this.#watched.delete(key);
      };
    };
    return watch<ServiceSnapshot>(() => this.service(key), changes, signal);
  }

  refused(instance: Instance): void {
    const app = this.#apps.get(instance.app);
    const doubt = app?.doubted.get(instance.id);
    if (app === undefined || doubt?.instance.url !== instance.url) return;
    this.#drop(app, doubt.instance);
    this.#tell();
  }

  /**
   * The registry that gave the lists renewed a beat of our own: it has not lost its memory, so what was in its list after `heldSince`, and was no
   * longer when it was asked, is gone.
   *
   * @param heldSince - it has held our own instance and been our source without a break since then, in monotonic ms
   * @param askedAt - when the beat was sent, in monotonic ms
   */
  absenceConfirmed(heldSince: number, askedAt: number): void {
    this.#endDoubts(({ since, listedAt, fromDisk }) => !fromDisk && listedAt >= heldSince && since <= askedAt);
    this.#tell();
  }

  /**
   * What was known before the process started. It is in doubt as a whole, and is used until the source's first answer; ignored after that.
   *
   * @param ageMs - since it was true
   */
  restore(instances: readonly Instance[], ageMs: number): void {
    if (this.#answered || this.#trueAt !== undefined) return;
    const now = this.#clock.monotonic();
    this.#trueAt = now - ageMs;
    for (const instance of instances) {
      const app = this.#app(instance.app);
      if (app.get(instance.id) !== undefined) continue;
      app.doubted.set(instance.id, { instance, since: now, listedAt: now - ageMs, fromDisk: true });
      this.#doubts++;
      this.#index(undefined, instance);
    }
    this.#tell();
  }

  snapshot(all: readonly Instance[]): void {
    const { now, listedAt } = this.#received();
    const lists = new Map<string, Map<string, Instance>>();
    for (const given of all) {
      const instance = withLowerApp(given);
      const list = lists.get(instance.app);
      if (list === undefined) lists.set(instance.app, new Map([[instance.id, instance]]));
      else list.set(instance.id, instance);
    }
    for (const [name, app] of this.#apps) {
      const list = lists.get(name);
      for (const instance of app.listed.values()) {
        if (!list?.has(instance.id)) this.#doubt(app, instance, now, listedAt);
      }
    }
    for (const [name, list] of lists) {
      const app = this.#app(name);
      for (const instance of list.values()) this.#list(app, instance);
    }
    this.#endDoubts(({ since, fromDisk }) => fromDisk || now - since >= this.#doubtMs);
    this.#dropReused(all);
    this.#tell();
    this.#reported.emit();
  }

  change(added: readonly Instance[], removed: readonly Named[]): void {
    const { now, listedAt } = this.#received();
    const mass = massRemovals(this.#apps, removed);
    for (const { app: name, id } of removed) {
      const app = this.#apps.get(name.toLowerCase());
      const instance = app?.get(id);
      if (app === undefined || instance === undefined) continue;
      // One in doubt that is named now is believed to be gone, however many are.
      if (mass.has(app) && app.listed.has(id)) this.#doubt(app, instance, now, listedAt);
      else this.#drop(app, instance);
    }
    for (const given of added) {
      const instance = withLowerApp(given);
      this.#list(this.#app(instance.app), instance);
    }
    this.#endDoubts(({ since, fromDisk }) => !fromDisk && now - since >= this.#doubtMs);
    this.#dropReused(mass.size > 0 ? this.instances() : added);
    this.#tell();
    this.#reported.emit();
  }

  confirmed(): void {
    // Of nothing, nothing is confirmed.
    if (!this.#answered) return;
    const { now } = this.#received();
    // As good as another full list.
    if (this.#doubts > 0) {
      this.#endDoubts(({ since }) => now - since >= this.#doubtMs);
      this.#tell();
    }
  }

  /** @returns the time, and when what has been held until now was last said to be right */
  #received(): { now: number; listedAt: number } {
    const now = this.#clock.monotonic();
    const listedAt = this.#trueAt ?? now;
    this.#answered = true;
    this.#trueAt = now;
    return { now, listedAt };
  }

  #list(app: AppInstances, instance: Instance): void {
    const before = app.listed.get(instance.id);
    if (before !== undefined) {
      if (sameInstance(before, instance)) return;
      app.listed.set(instance.id, instance);
      this.#index(before, instance);
      return;
    }
    const doubt = app.doubted.get(instance.id);
    if (doubt !== undefined) {
      app.doubted.delete(instance.id);
      this.#doubts--;
    }
    const kept = doubt !== undefined && sameInstance(doubt.instance, instance) ? doubt.instance : instance;
    app.listed.set(instance.id, kept);
    this.#index(doubt?.instance, kept);
  }

  /** It is no longer listed, but nobody has said that it is gone: an emptied or halved registry must not empty us. */
  #doubt(app: AppInstances, instance: Instance, since: number, listedAt: number): void {
    app.listed.delete(instance.id);
    app.doubted.set(instance.id, { instance, since, listedAt, fromDisk: false });
    this.#doubts++;
    this.#index(instance, instance);
  }

  #drop(app: AppInstances, instance: Instance): void {
    app.listed.delete(instance.id);
    if (app.doubted.delete(instance.id)) this.#doubts--;
    this.#index(instance, undefined);
    if (app.isEmpty) {
      this.#apps.delete(instance.app);
      this.#services = undefined;
    }
  }

  #endDoubts(ends: (doubt: Doubt) => boolean): void {
    if (this.#doubts === 0) return;
    for (const app of [...this.#apps.values()]) {
      for (const doubt of [...app.doubted.values()]) if (ends(doubt)) this.#drop(app, doubt.instance);
    }
  }

  /** An address that somebody else is listed under is no longer that of an instance in doubt: calls meant for it must not go there. */
  #dropReused(candidates: readonly Instance[]): void {
    if (this.#doubts === 0) return;
    const doubted = new Map<string, { app: AppInstances; instance: Instance }[]>();
    for (const app of this.#apps.values()) {
      for (const { instance } of app.doubted.values()) {
        const entry = { app, instance };
        const same = doubted.get(instance.url);
        if (same === undefined) doubted.set(instance.url, [entry]);
        else same.push(entry);
      }
    }
    for (const { app, id, url } of candidates) {
      const same = doubted.get(url);
      if (same === undefined || !this.holds(app, id)) continue;
      doubted.delete(url);
      for (const entry of same) this.#drop(entry.app, entry.instance);
    }
  }

  #app(name: string): AppInstances {
    let app = this.#apps.get(name);
    if (app === undefined) {
      app = new AppInstances();
      this.#apps.set(name, app);
      this.#services = undefined;
    }
    return app;
  }

  /** Keeps the names of what is held, and marks those that show it: called for each change, also of doubt alone. */
  #index(before: Instance | undefined, after: Instance | undefined): void {
    for (const instance of before === after ? [before] : [before, after]) {
      if (instance === undefined) continue;
      this.#dirty.add(instance.app);
      for (const name of instance.vip) this.#dirty.add(name.toLowerCase());
      for (const name of instance.secureVip) this.#dirty.add(name.toLowerCase());
    }
    if (before === after) return;
    if (before !== undefined) {
      this.#vips.remove(before);
      this.#secureVips.remove(before);
    }
    if (after !== undefined) {
      this.#vips.add(after);
      this.#secureVips.add(after);
    }
  }

  /** Makes the views of what has changed, all of them before anybody hears of one. */
  #tell(): void {
    if (this.#dirty.size === 0) return;
    const changed: CachedService[] = [];
    for (const name of this.#dirty) {
      if (!this.#ever.has(name)) this.#ever.add(name);
      const before = this.#views.get(name) ?? this.#unknown.get(name);
      // A VIP that nobody has asked for has no view to keep.
      if (before === undefined && !this.#apps.has(name) && !this.#watched.has(name)) continue;
      const view = viewOf(name, this.#members(name), true, before, this.#freshness);
      if (view === before) continue;
      this.#unknown.delete(name);
      this.#views.set(name, view);
      changed.push(view);
    }
    this.#dirty.clear();
    for (const view of changed) this.#changed.emit(view);
  }

  #asked(key: string): CachedService {
    const known = this.#ever.has(key);
    const view = viewOf(key, this.#members(key), known, undefined, this.#freshness);
    if (known) {
      this.#views.set(key, view);
      return view;
    }
    if (this.#unknown.size >= MAX_UNKNOWN) this.#unknown.clear();
    this.#unknown.set(key, view);
    return view;
  }

  #members(key: string): Members {
    const app = this.#apps.get(key);
    if (app !== undefined) {
      return {
        listed: [...app.listed.values()],
        doubted: Array.from(app.doubted.values(), ({ instance }) => instance),
      };
    }
    return this.#membersOf(this.#vips, key) ?? this.#membersOf(this.#secureVips, key) ?? { listed: [], doubted: [] };
  }

  #membersOf(index: NameIndex, key: string): Members | undefined {
    const apps = index.apps(key);
    if (apps === undefined) return undefined;
    const listed: Instance[] = [];
    const doubted: Instance[] = [];
    for (const name of apps) {
      const app = this.#apps.get(name);
      if (app === undefined) continue;
      for (const instance of app.listed.values()) if (index.has(key, instance)) listed.push(instance);
      for (const { instance } of app.doubted.values()) if (index.has(key, instance)) doubted.push(instance);
    }
    return { listed, doubted };
  }
}

/** A source of the user's own may not know that names of applications are lower-case here. */
function withLowerApp(instance: Instance): Instance {
  const app = instance.app.toLowerCase();
  return app === instance.app ? instance : { ...instance, app };
}
