import type { BalancerView } from '../../api.ts';

/** A view with some of its answers replaced. */
export function overView(view: BalancerView, replaced: Partial<BalancerView>): BalancerView {
  return {
    slots: view.slots,
    instance: (slot) => view.instance(slot),
    weight: (slot) => view.weight(slot),
    inflight: (slot) => view.inflight(slot),
    latencyMs: (slot, now) => view.latencyMs(slot, now),
    ...replaced,
  };
}
