/**
 * How a decision becomes true while the store is followed: the rule runs on what this node knows, the store swaps it in, and where something
 * else stood there the rule runs again on that. Nothing is answered before the replica shows it.
 */
import type { Clock, Random } from '@heureka/client-sdk/runtime';
import type { Held, Rule } from '../registry/ledger.ts';
import type { Answer } from '../registry/registry.ts';
import type { Replica } from '../replica/replica.ts';
import type { InstanceKey } from '../store/instance-key.ts';
import {
  type Actor,
  Diverged,
  type Proposal,
  type RegistryStore,
  StoreAway,
  type Stored,
} from '../store/registry-store.ts';
import type { Course } from './course.ts';
import { Finder } from './finder.ts';
import type { Gate } from './gate.ts';
import { leaseOf } from './join-store.ts';
import type { StoreTime } from './store-time.ts';
import { newToken } from './token.ts';

const MAX_TRIES = 20;

export interface CommitsParts {
  readonly store: RegistryStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly replica: Replica;
  readonly time: StoreTime;
  readonly course: Course;
  readonly gate: Gate;
  /** Whether the store is followed; once it is not, `elsewhere` decides. */
  readonly following: () => boolean;
  /** What this node answers while it does not follow. */
  readonly elsewhere: (key: InstanceKey, rule: Rule) => Answer;
  readonly beat: (key: InstanceKey) => void;
  /** The store may or may not have taken a change of this instance: the next join finds out, nobody guesses (F6). */
  readonly unsure: (key: InstanceKey) => void;
  readonly broken: (error: unknown) => void;
}

export class Commits {
  readonly #parts: CommitsParts;
  readonly #finder: Finder;

  constructor(parts: CommitsParts) {
    this.#parts = parts;
    this.#finder = new Finder(parts.store, parts.clock);
  }

  held(key: InstanceKey): Held | undefined {
    return this.#parts.replica.entry(key);
  }

  /**
   * From the replica, else from the store; from the replica alone once it is known that nobody has the store. Until then it waits: "unknown"
   * makes a client register again.
   */
  async find(key: InstanceKey): Promise<Held | undefined> {
    const { gate, broken } = this.#parts;
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const known = this.held(key);
      if (known !== undefined) return known;
      await gate.open;
      try {
        return await this.#find(key);
      } catch (error) {
        gate.shut();
        broken(error);
      }
    }
    return this.held(key);
  }

  async change(key: InstanceKey, rule: Rule, by: Actor): Promise<Answer> {
    const { gate, following, elsewhere, broken, unsure } = this.#parts;
    const intent: Intent = { key, rule, by, repeat: undefined, current: undefined };
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      await gate.open;
      if (!following()) return elsewhere(key, rule);
      try {
        const answer = await this.#attempt(intent);
        if (answer !== undefined) return answer;
      } catch (error) {
        intent.current = undefined;
        if (!(error instanceof StoreAway || error instanceof Diverged)) throw error;
        if (error instanceof StoreAway && error.outcome === 'unknown') unsure(key);
        gate.shut();
        broken(error);
      }
    }
    return {
      is: 'unavailable',
      reason: `${key} was changed by other nodes ${MAX_TRIES} times while this change was made`,
    };
  }

  /** @returns undefined to try again. @throws StoreAway, Diverged */
  async #attempt(intent: Intent): Promise<Answer | undefined> {
    const { store, time, gate, course, following } = this.#parts;
    const { key, rule } = intent;
    intent.current ??= await this.#find(key);
    if (!following()) return undefined;
    const decision = rule(intent.current, time.now);
    if (decision.is === 'keep') {
      if (decision.beat) this.#parts.beat(key);
      return decision.answer;
    }
    // Nobody has it, here or in the store: there is nothing to remove, and no other history to warn.
    if (decision.is === 'remove' && intent.current === undefined) {
      return intent.repeat === undefined ? decision.answer : { is: 'done' };
    }
    const proposal = this.#repeatable(intent) ?? this.#proposal(intent, decision);
    intent.repeat = proposal;
    const answer = await store.commit(proposal);
    if (answer.is === 'conflict') {
      intent.repeat = undefined;
      intent.current = answer.current === undefined ? undefined : this.#heldOfStored(answer.current);
      return intent.current === undefined && decision.is === 'remove' ? decision.answer : undefined;
    }
    // A store that was lost before this node shows the change may have lost it too: it is made again, by the same token where that is known.
    if (!(await gate.whileOpen(course.applied(answer.change)))) return undefined;
    this.#finder.forget(key);
    return decision.answer;
  }

  async #find(key: InstanceKey): Promise<Held | undefined> {
    const known = this.held(key);
    if (known !== undefined || !this.#parts.following()) return known;
    const stored = await this.#finder.find(key);
    return this.held(key) ?? (stored === undefined ? undefined : this.#heldOfStored(stored));
  }

  /** A proposal may be repeated as it is only on the history that it was made on. */
  #repeatable({ repeat }: Intent): Proposal | undefined {
    return repeat !== undefined && repeat.on.epoch === this.#parts.course.position?.epoch ? repeat : undefined;
  }

  #proposal({ key, current, by }: Intent, decision: Exclude<ReturnType<Rule>, { is: 'keep' }>): Proposal {
    const change =
      decision.is === 'put'
        ? ({ kind: 'put', key, record: decision.record, why: decision.why } as const)
        : decision.removal;
    return {
      token: newToken(this.#parts.random),
      on: this.#parts.course.position!,
      expected: current?.revision ?? 0,
      change,
      by,
      ...(decision.is === 'put' && decision.beat ? { lease: leaseOf(decision.record, 0) } : {}),
    };
  }

  #heldOfStored({ key, record, revision, age }: Stored): Held {
    const { time } = this.#parts;
    const heard = time.lease - age;
    return { key, record, revision, heard, heardAt: time.atLease(heard) };
  }
}

/** What somebody asked for, over all its attempts. */
interface Intent {
  readonly key: InstanceKey;
  readonly rule: Rule;
  readonly by: Actor;
  /** The proposal whose outcome is not known. */
  repeat: Proposal | undefined;
  /** What stands there, as far as known; undefined: to be looked up. */
  current: Held | undefined;
}
