/**
 * The registry's verbs, as its users (HTTP resources, dashboards, tests) see them. Expected outcomes are answers, not exceptions.
 */
import type { InstanceInfo, InstanceStatus } from '@heureka/client-sdk/protocol';
import type { RequestContext } from './request-context.ts';

/** What came of a verb. `unavailable` and `full` are 503: the client should try another node, or later. */
export type Answer =
  | { readonly is: 'done' }
  /** No such instance, or the client's copy is newer than ours: 404, which makes a client register (again). */
  | { readonly is: 'unknown'; readonly reason: string }
  /** A peer's older copy met ours: 409 with our copy. */
  | { readonly is: 'conflict'; readonly held: InstanceInfo }
  | { readonly is: 'unavailable'; readonly reason: string }
  | { readonly is: 'full'; readonly reason: string };

export interface Beat {
  readonly status?: InstanceStatus | undefined;
  /** The client's dirty timestamp, if it sent one. */
  readonly lastDirtyTimestamp?: number | undefined;
  readonly overriddenStatus?: InstanceStatus | undefined;
}

/** `app` is upper-cased by the caller; `id` is the effective id, case kept. A verb that needs the store answers a promise. */
export interface Registry {
  register(context: RequestContext, info: InstanceInfo): Promise<Answer>;
  /** Answered from the replica, at once and without a promise, where that knows the instance. */
  renew(context: RequestContext, app: string, id: string, beat: Beat): Answer | Promise<Answer>;
  cancel(context: RequestContext, app: string, id: string): Promise<Answer>;
  overrideStatus(
    context: RequestContext,
    app: string,
    id: string,
    status: InstanceStatus,
    lastDirtyTimestamp?: number,
  ): Promise<Answer>;
  clearOverride(
    context: RequestContext,
    app: string,
    id: string,
    status: InstanceStatus,
    lastDirtyTimestamp?: number,
  ): Promise<Answer>;
  addMetadata(
    context: RequestContext,
    app: string,
    id: string,
    entries: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  /** The latest that this node knows, with live lease timestamps; asks the store for one that the replica lacks. */
  instance(app: string, id: string): InstanceInfo | undefined | Promise<InstanceInfo | undefined>;
  /** The first instance with this id in any application, in canonical order. */
  instanceById(id: string): InstanceInfo | undefined;
}
