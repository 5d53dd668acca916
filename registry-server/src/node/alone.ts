/**
 * What this node decides while nobody has the store: changes go into the replica at once, under an epoch of this node's own, and their keys are
 * marked, to be joined when the store is back. Values are not kept a second time: the replica has the latest.
 */
import type { Held, Rule } from '../registry/ledger.ts';
import type { Answer } from '../registry/registry.ts';
import type { Replica } from '../replica/replica.ts';
import type { InstanceKey } from '../store/instance-key.ts';
import type { StoreTime } from './store-time.ts';

const MAX_MARKED = 100_000;

export class Alone {
  readonly #self: string;
  readonly #replica: Replica;
  readonly #time: StoreTime;
  readonly #marked = new Set<InstanceKey>();
  #outages = 0;

  /** @param self - id of this node, for the name of its own epochs */
  constructor(self: string, replica: Replica, time: StoreTime) {
    this.#self = self;
    this.#replica = replica;
    this.#time = time;
  }

  /** Instances changed while the store was away, or of which it is not known whether the store took the change. */
  get marked(): ReadonlySet<InstanceKey> {
    return this.#marked;
  }

  mark(key: InstanceKey): void {
    this.#marked.add(key);
  }

  /** These were joined. What was marked since stays. */
  settled(keys: Iterable<InstanceKey>): void {
    for (const key of keys) this.#marked.delete(key);
  }

  /** No cursor may stand for two contents, so changes made alone are numbered under an epoch of this node's own, new for each outage. */
  begin(storeEpoch: string): void {
    const { epoch, version } = this.#replica.cursor;
    if (epoch !== storeEpoch) return;
    this.#replica.renumber({ epoch: `${storeEpoch}~${this.#self}-${++this.#outages}`, version });
  }

  /** @param beat - told of a sign of life that changes nothing */
  decide(key: InstanceKey, held: Held | undefined, rule: Rule, beat: (key: InstanceKey) => void): Answer {
    const moment = this.#time.moment;
    const decision = rule(held, moment.at);
    if (decision.is === 'keep') {
      if (decision.beat) beat(key);
      return decision.answer;
    }
    if (this.#marked.size >= MAX_MARKED && !this.#marked.has(key)) {
      return {
        is: 'unavailable',
        reason: `${MAX_MARKED} instances were changed while the store is away: no more can be remembered`,
      };
    }
    this.#marked.add(key);
    const { epoch, version } = this.#replica.cursor;
    const cursor = { epoch, version: version + 1 };
    if (decision.is === 'remove') this.#replica.remove(decision.removal, cursor, moment.at);
    else this.#replica.put(key, decision.record, cursor.version, cursor, moment.at, moment);
    return decision.answer;
  }
}
