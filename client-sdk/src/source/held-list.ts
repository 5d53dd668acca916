/**
 * The list of one server as the source holds it: what wanted applications have as instances, the rest as bare statuses, since the hash that a
 * server sends covers everything. It says what each change of the server's means for those who want instances.
 */
import type { Instance } from '../api.ts';
import { sameInstance } from '../cache/same-instance.ts';
import type { Application } from '../protocol/applications.ts';
import { hashCodeOf } from '../protocol/apps-hash-code.ts';
import { effectiveId, type InstanceInfo, type InstanceStatus } from '../protocol/instance-info.ts';
import type { InstanceConverter } from '../registry-api/instance-of.ts';

type Held = Instance | InstanceStatus;

export interface Changes {
  readonly added: Instance[];
  readonly removed: { readonly app: string; readonly id: string }[];
}

export class HeldList {
  readonly #converter: InstanceConverter;
  readonly #wanted: ReadonlySet<string> | undefined;
  /** By application in upper case, then by effective id. */
  readonly #apps = new Map<string, Map<string, Held>>();
  readonly #counts = new Map<InstanceStatus, number>();

  /** @param wanted - applications in upper case; undefined: all */
  constructor(converter: InstanceConverter, wanted: ReadonlySet<string> | undefined) {
    this.#converter = converter;
    this.#wanted = wanted;
  }

  /** Of everything that the server lists. */
  get hash(): string {
    return hashCodeOf(this.#counts);
  }

  instances(): Instance[] {
    const all: Instance[] = [];
    for (const app of this.#apps.values()) {
      for (const held of app.values()) if (typeof held !== 'string') all.push(held);
    }
    return all;
  }

  /**
   * Puts one instance of a full list in.
   *
   * @param before - the list that this one replaces: what is the same in it stays the same object
   */
  put(info: InstanceInfo, before: HeldList | undefined): void {
    const id = effectiveId(info);
    this.#set(info.app, id, this.#heldOf(info, before?.get(info.app, id)));
  }

  /** @param app - in upper case */
  get(app: string, id: string): Held | undefined {
    return this.#apps.get(app)?.get(id);
  }

  /**
   * Applies a delta. ADDED and MODIFIED both insert or replace, an entry without action is ignored, and applying it again changes nothing.
   *
   * @see applyDelta, of which this is the version that keeps little
   */
  apply(applications: readonly Application[]): Changes {
    const changes: Changes = { added: [], removed: [] };
    for (const { instances } of applications) {
      for (const info of instances) if (info.actionType !== undefined) this.#change(info, changes);
    }
    return changes;
  }

  #change(info: InstanceInfo, { added, removed }: Changes): void {
    const id = effectiveId(info);
    const before = this.get(info.app, id);
    if (info.actionType === 'DELETED') {
      if (before === undefined) return;
      this.#delete(info.app, id, before);
      if (typeof before !== 'string') removed.push({ app: before.app, id });
      return;
    }
    const after = this.#heldOf(info, before);
    if (after === before) return;
    this.#set(info.app, id, after);
    if (typeof after !== 'string') added.push(after);
    else if (before !== undefined && typeof before !== 'string') removed.push({ app: before.app, id });
  }

  #heldOf(info: InstanceInfo, before: Held | undefined): Held {
    if (this.#wanted !== undefined && !this.#wanted.has(info.app)) return info.status;
    const instance = this.#converter.instanceOf(info) ?? info.status;
    if (typeof instance === 'string' || before === undefined || typeof before === 'string') return instance;
    return sameInstance(before, instance) ? before : instance;
  }

  #set(app: string, id: string, held: Held): void {
    const instances = this.#apps.get(app) ?? new Map<string, Held>();
    if (instances.size === 0) this.#apps.set(app, instances);
    const before = instances.get(id);
    if (before !== undefined) this.#count(before, -1);
    instances.set(id, held);
    this.#count(held, 1);
  }

  #delete(app: string, id: string, held: Held): void {
    const instances = this.#apps.get(app);
    instances?.delete(id);
    if (instances?.size === 0) this.#apps.delete(app);
    this.#count(held, -1);
  }

  #count(held: Held, by: number): void {
    const status = typeof held === 'string' ? held : held.status;
    this.#counts.set(status, (this.#counts.get(status) ?? 0) + by);
  }
}
