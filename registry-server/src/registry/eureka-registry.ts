/**
 * The registry's verbs: each asks its rule, and the ledger makes the decision true. Nothing is decided here but what is too much to hold.
 */
import type { InstanceInfo, InstanceStatus } from '@heureka/client-sdk/protocol';
import { effectiveId } from '@heureka/client-sdk/protocol';
import type { InstanceKey } from '../store/instance-key.ts';
import { instanceKey } from '../store/instance-key.ts';
import { cancelRule } from './cancel-rule.ts';
import type { Held, Ledger } from './ledger.ts';
import { metadataRule } from './metadata-rule.ts';
import { clearOverride, setOverride } from './override-rules.ts';
import { registrationRule } from './registration-rule.ts';
import type { Answer, Beat, Registry } from './registry.ts';
import { renewDecision } from './renew-rule.ts';
import type { RequestContext } from './request-context.ts';
import { servedInfo } from './served-info.ts';

export interface RegistryLimits {
  /** Instances held in all: new ones get 503 beyond, known ones never. */
  readonly maxInstances: number;
  /** The same of one application. */
  readonly maxInstancesPerApp: number;
}

/** Finds the first instance with an id in any application; the replica's index answers it. */
export type FindById = (id: string) => InstanceKey | undefined;

const CLOSING: Answer = { is: 'unavailable', reason: 'shutting down without the store' };

export class EurekaRegistry implements Registry {
  readonly #ledger: Ledger;
  readonly #limits: RegistryLimits;
  readonly #findById: FindById;

  constructor(ledger: Ledger, findById: FindById, limits: RegistryLimits) {
    this.#ledger = ledger;
    this.#findById = findById;
    this.#limits = limits;
  }

  async register(context: RequestContext, info: InstanceInfo): Promise<Answer> {
    const key = instanceKey(info.app, effectiveId(info));
    const full = this.#ledger.held(key) === undefined ? this.#full(info.app) : undefined;
    return full ?? this.#ledger.change(context, key, registrationRule(info, context.replication));
  }

  renew(context: RequestContext, app: string, id: string, beat: Beat): Answer | Promise<Answer> {
    const key = instanceKey(app, id);
    const { state } = this.#ledger;
    if (state.is === 'starting' || state.is === 'cut-off') return { is: 'unavailable', reason: state.reason };
    // One that shuts down goes on as before, and before it could not.
    if (state.is === 'draining' && (state.was === 'starting' || state.was === 'cut-off')) return CLOSING;
    const held = this.#ledger.held(key);
    if (held === undefined) return this.#renewUnknown(context, key, beat);
    return this.#renewHeld(context, held, beat);
  }

  cancel(context: RequestContext, app: string, id: string): Promise<Answer> {
    const key = instanceKey(app, id);
    return this.#ledger.change(context, key, cancelRule(key, this.#ledger.now, this.#ledger.held(key)));
  }

  overrideStatus(
    context: RequestContext,
    app: string,
    id: string,
    status: InstanceStatus,
    lastDirtyTimestamp?: number,
  ): Promise<Answer> {
    return this.#ledger.change(context, instanceKey(app, id), setOverride(status, lastDirtyTimestamp));
  }

  clearOverride(
    context: RequestContext,
    app: string,
    id: string,
    status: InstanceStatus,
    lastDirtyTimestamp?: number,
  ): Promise<Answer> {
    return this.#ledger.change(context, instanceKey(app, id), clearOverride(status, lastDirtyTimestamp));
  }

  addMetadata(
    context: RequestContext,
    app: string,
    id: string,
    entries: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    return this.#ledger.change(context, instanceKey(app, id), metadataRule(entries));
  }

  instance(app: string, id: string): InstanceInfo | undefined | Promise<InstanceInfo | undefined> {
    const key = instanceKey(app, id);
    const held = this.#ledger.held(key);
    return held === undefined ? this.#ledger.find(key).then(shown) : shown(held);
  }

  instanceById(id: string): InstanceInfo | undefined {
    const key = this.#findById(id);
    return key === undefined ? undefined : shown(this.#ledger.held(key));
  }

  async #renewUnknown(context: RequestContext, key: InstanceKey, beat: Beat): Promise<Answer> {
    const held = await this.#ledger.find(key);
    return held === undefined ? { is: 'unknown', reason: 'no such instance' } : this.#renewHeld(context, held, beat);
  }

  #renewHeld(context: RequestContext, held: Held, beat: Beat): Answer | Promise<Answer> {
    const { replication } = context;
    const decision = renewDecision(held, beat, replication, this.#ledger);
    if (decision.is === 'keep') {
      if (decision.beat) this.#ledger.beat(held.key);
      return decision.answer;
    }
    return this.#ledger.change(context, held.key, (current, now) => renewDecision(current, beat, replication, { now }));
  }

  #full(app: string): Answer | undefined {
    const { maxInstances, maxInstancesPerApp } = this.#limits;
    if (this.#ledger.size >= maxInstances) {
      return { is: 'full', reason: `the registry holds ${maxInstances} instances, its limit (--max-instances)` };
    }
    if (this.#ledger.sizeOf(app) >= maxInstancesPerApp) {
      return { is: 'full', reason: `${app} has ${maxInstancesPerApp} instances, its limit (--max-instances-per-app)` };
    }
    return undefined;
  }
}

function shown(held: Held | undefined): InstanceInfo | undefined {
  return held === undefined ? undefined : servedInfo(held.record, held.heardAt);
}
