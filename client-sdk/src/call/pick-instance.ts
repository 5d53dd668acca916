/** A balanced choice for callers that bring their own client (gRPC, sockets): the same balancer, its outcome told by hand. */
import type { Pick, PickOptions } from '../api.ts';
import { type Balancer, NO_SLOT, Outcome, type Want } from '../balancer/balancer.ts';
import type { Clock } from '../runtime/clock.ts';

const OUTCOMES = { ok: Outcome.OK, failed: Outcome.FAILED, ignored: Outcome.IGNORED } as const;

/** @returns undefined when nobody can be picked */
export function pickInstance(balancer: Balancer, clock: Clock, options: PickOptions = {}): Pick | undefined {
  const { exclude = [], affinityKey, hint } = options;
  const now = clock.monotonic();
  const want: Want = { tried: [], repeatable: false, neverSent: false, affinityKey, hint };
  for (let turn = 0; turn <= exclude.length; turn++) {
    const slot = balancer.pick(now, want);
    if (slot === NO_SLOT) return undefined;
    const instance = balancer.instance(slot);
    const ticket = balancer.begin(slot, now);
    if (exclude.includes(instance.id)) {
      // It may have been the turn of a probe: whoever comes next gets it.
      balancer.judge(slot, ticket, Outcome.IGNORED, 0, now, 0);
      balancer.end(slot, ticket);
      want.tried.push(slot);
      continue;
    }
    let settled = false;
    return {
      instance,
      settle(outcome, ms) {
        if (settled) return;
        settled = true;
        const end = clock.monotonic();
        balancer.judge(slot, ticket, OUTCOMES[outcome] ?? Outcome.IGNORED, ms ?? end - now, end, 0);
        balancer.end(slot, ticket);
      },
    };
  }
  return undefined;
}
