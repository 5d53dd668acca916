/**
 * What to send next: a pure rule over what is wished and what the registry is believed to hold. One step at a time, until both agree.
 *
 * Eureka lets no registration turn UP into OUT_OF_SERVICE, nor back, so these two go by a status override:
 *
 * | wished | the registry shows | steps |
 * |---|---|---|
 * | OUT_OF_SERVICE | nothing | register as STARTING (nobody calls that), override |
 * | OUT_OF_SERVICE | any status | override |
 * | UP | OUT_OF_SERVICE by our override | clear, register |
 * | DOWN, STARTING | any status | register: these two win over any override, which stays for later |
 *
 * @see Netflix eureka `DownOrStartingRule`, `OverrideExistsRule`, `LeaseExistsRule`
 */
import type { InstanceStatus } from '../protocol/instance-info.ts';

export interface Wish {
  /** False: the registry shall hold nothing of us. Never true again. */
  readonly present: boolean;
  readonly status: InstanceStatus;
  /** Grows with each change of what is registered beside the status. */
  readonly revision: number;
}

/** What the registry is believed to hold of us. */
export type Held =
  | { readonly is: 'nothing' }
  | { readonly is: 'record'; readonly revision: number; readonly shown: Shown };

/** UNKNOWN: the override is gone, and what shows instead is not known. */
export type Shown = InstanceStatus;

export interface Situation {
  readonly wish: Wish;
  readonly held: Held;
  /** A registration was sent at some time, whatever came of it. */
  readonly sent: boolean;
  /** An override of ours may be stored. */
  readonly overridden: boolean;
  /** Another process holds our id: it is watched, not fought. */
  readonly taken: boolean;
  readonly beatDue: boolean;
  readonly compareDue: boolean;
}

export type Step = 'register' | 'override' | 'clear' | 'compare' | 'beat' | 'cancel' | 'rest' | 'done';

export function nextStep({ wish, held, sent, overridden, taken, beatDue, compareDue }: Situation): Step {
  // What stands there now is another's, so it is not ours to cancel.
  if (!wish.present) return sent && !taken ? 'cancel' : 'done';
  if (taken) return beatDue ? 'compare' : 'rest';
  if (held.is === 'nothing' || held.revision !== wish.revision) return 'register';
  if (held.shown !== wish.status) {
    if (wish.status === 'OUT_OF_SERVICE') return 'override';
    return wish.status === 'UP' && overridden ? 'clear' : 'register';
  }
  if (compareDue) return 'compare';
  return beatDue ? 'beat' : 'rest';
}

/** The status that a registration says, for one that is wished. */
export function registeredStatus(wished: InstanceStatus): InstanceStatus {
  return wished === 'OUT_OF_SERVICE' ? 'STARTING' : wished;
}

/** What a registry shows after a registration with this status. */
export function shownAfterRegister(registered: InstanceStatus, overridden: boolean): Shown {
  return registered === 'UP' && overridden ? 'OUT_OF_SERVICE' : registered;
}
