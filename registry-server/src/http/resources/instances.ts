/** Rows 2 to 6, 10 and 11 of the protocol: what is done to one instance, and reading it. */
import { type InstanceInfo, isInstanceStatus } from '@heureka/client-sdk/protocol';
import type { Answer, Beat, Registry } from '../../registry/registry.ts';
import type { Call } from '../call.ts';
import { metadataSize } from '../limits.ts';
import { CONTENT_TYPE, entityFormat } from '../negotiation.ts';
import type { ProtocolParts } from '../parts.ts';
import { answerReply, OK, type Reply, refused, textReply } from '../reply.ts';

const NO_DETAILS: Beat = {};
const NOT_LOADED = 'this node has not loaded the registry yet';

export class InstanceResource {
  readonly #parts: Pick<ProtocolParts, 'registry' | 'replica' | 'json' | 'xml' | 'limits'>;
  readonly #registry: Registry;

  constructor(parts: Pick<ProtocolParts, 'registry' | 'replica' | 'json' | 'xml' | 'limits'>) {
    this.#parts = parts;
    this.#registry = parts.registry;
  }

  readonly renew = (call: Call): Reply | Promise<Reply> => {
    const given = call.query.get('lastDirtyTimestamp');
    if (given === undefined) return this.#renewed(call, NO_DETAILS);
    const lastDirtyTimestamp = long(given);
    if (lastDirtyTimestamp === undefined) return this.#badBeat(call);
    // The status that a client sends along is read by nobody, as in stock. An override counts from peers alone.
    if (!call.replication) return this.#renewed(call, { lastDirtyTimestamp });
    return this.#renewedByPeer(call, lastDirtyTimestamp);
  };

  readonly cancel = async (call: Call): Promise<Reply> =>
    this.#reply(call, await this.#registry.cancel(call, call.app, call.id));

  readonly setStatus = async (call: Call): Promise<Reply> => {
    const status = call.query.get('value');
    if (status === undefined || !isInstanceStatus(status)) {
      return this.#badParameter(call, 'value must be UP, DOWN, STARTING, OUT_OF_SERVICE or UNKNOWN');
    }
    const dirty = this.#dirty(call);
    if (dirty === 'bad') return this.#badParameter(call, 'lastDirtyTimestamp must be a whole number');
    return this.#reply(call, await this.#registry.overrideStatus(call, call.app, call.id, status, dirty));
  };

  readonly clearStatus = async (call: Call): Promise<Reply> => {
    const status: string = call.query.get('value') ?? 'UNKNOWN';
    if (!isInstanceStatus(status)) {
      return this.#badParameter(call, 'value must be UP, DOWN, STARTING, OUT_OF_SERVICE or UNKNOWN, or absent');
    }
    const dirty = this.#dirty(call);
    if (dirty === 'bad') return this.#badParameter(call, 'lastDirtyTimestamp must be a whole number');
    return this.#reply(call, await this.#registry.clearOverride(call, call.app, call.id, status, dirty));
  };

  readonly addMetadata = async (call: Call): Promise<Reply> => {
    const entries: Record<string, string> = Object.create(null) as Record<string, string>;
    for (const [name, value] of call.query.entries) if (name !== '@class') entries[name] = value;
    const held = await this.#registry.instance(call.app, call.id);
    const size = metadataSize({ ...held?.metadata, ...entries });
    if (size > this.#parts.limits.metadataLimit) {
      return refused(400, `metadata would be ${size} characters; the limit is ${this.#parts.limits.metadataLimit}`);
    }
    return this.#reply(call, await this.#registry.addMetadata(call, call.app, call.id, entries));
  };

  readonly one = (call: Call): Reply | Promise<Reply> => {
    const held = this.#registry.instance(call.app, call.id);
    return held instanceof Promise ? held.then((info) => this.#found(call, info)) : this.#found(call, held);
  };

  readonly byId = (call: Call): Reply => this.#found(call, this.#registry.instanceById(call.params[0]!));

  #found(call: Call, info: InstanceInfo | undefined): Reply {
    if (info !== undefined) return this.#entity(call, 200, info);
    // Never a 404 from a node that knows nothing yet: a client would take it for "gone".
    return this.#parts.replica.loaded ? refused(404, 'no such instance') : refused(503, NOT_LOADED);
  }

  #renewed(call: Call, beat: Beat): Reply | Promise<Reply> {
    const answer = this.#registry.renew(call, call.app, call.id, beat);
    return answer instanceof Promise ? answer.then((settled) => this.#reply(call, settled)) : this.#reply(call, answer);
  }

  async #renewedByPeer(call: Call, lastDirtyTimestamp: number): Promise<Reply> {
    const override = call.query.get('overriddenstatus');
    if (override === undefined) return this.#renewed(call, { lastDirtyTimestamp });
    if (isInstanceStatus(override)) return this.#renewed(call, { lastDirtyTimestamp, overriddenStatus: override });
    // A word that is no status is a mistake only where it would be stored: when the peer's copy is the newer one.
    const held = await this.#registry.instance(call.app, call.id);
    const stored =
      held !== undefined && held.status !== 'UNKNOWN' && lastDirtyTimestamp > (held.lastDirtyTimestamp ?? 0);
    return stored ? refused(400, 'overriddenstatus is no status') : this.#renewed(call, { lastDirtyTimestamp });
  }

  #reply(call: Call, answer: Answer): Reply {
    if (answer.is === 'done') return OK;
    return answer.is === 'conflict' ? this.#entity(call, 409, answer.held) : answerReply(answer, OK);
  }

  #entity(call: Call, status: number, info: InstanceInfo): Reply {
    const format = entityFormat(call.header('accept')) ?? 'xml';
    return textReply(status, this.#parts[format].encode(info), CONTENT_TYPE[format]);
  }

  /** An empty timestamp is none, as in stock. */
  #dirty(call: Call): number | undefined | 'bad' {
    const given = call.query.get('lastDirtyTimestamp');
    return given === undefined || given === '' ? undefined : (long(given) ?? 'bad');
  }

  /** What makes a client register again comes first, as in stock. */
  async #badBeat(call: Call): Promise<Reply> {
    const held = await this.#registry.instance(call.app, call.id);
    if (held?.status === 'UNKNOWN') return refused(404, 'its status is UNKNOWN: it must register again');
    return held === undefined
      ? this.#found(call, undefined)
      : refused(400, 'lastDirtyTimestamp must be a whole number');
  }

  /** Checked before anything changes (trap 29); for an unknown instance 404 wins, as in stock. */
  async #badParameter(call: Call, reason: string): Promise<Reply> {
    const held = await this.#registry.instance(call.app, call.id);
    return held === undefined ? this.#found(call, undefined) : refused(400, reason);
  }
}

/** Short enough to be exact: what every client sends. */
const PLAIN_NUMBER = /^\d{1,15}$/;

/** A Java long in decimal: sign and leading zeros are fine, spaces, fractions and more than 64 bits are not. */
export function long(text: string): number | undefined {
  if (PLAIN_NUMBER.test(text)) return Number(text);
  if (!/^[+-]?\d{1,40}$/.test(text)) return undefined;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return BigInt.asIntN(64, value) === value ? Number(value) : undefined;
}
