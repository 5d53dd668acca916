/** Zone routing by picks alone (G11): callers 40/40/20, instances 25/50/25. */
import { ServiceBalancer } from '../../../client-sdk/src/balancer/service-balancer.ts';
import { seededRandom } from '../../../client-sdk/src/runtime/random.ts';
import { BREAKER_DEFAULTS } from '../../../client-sdk/src/service-options.ts';
import { anInstance } from '../../../client-sdk/src/testing/an-instance.ts';
import { A_CALL, listOf } from './fleet.ts';

const PICKS = 100_000;
const CALLERS = { a: 4, b: 4, c: 2 };
const TARGETS = { a: 2, b: 4, c: 2 };

function instances(app: string, byZone: Readonly<Record<string, number>>): ReturnType<typeof anInstance>[] {
  return Object.entries(byZone).flatMap(([zone, count]) =>
    Array.from({ length: count }, (_, index) => anInstance({ app, address: `${zone}${index}`, zone })),
  );
}

/** @returns the part of zone a's calls that stays there; and how far an instance's rate is from the mean, at most: 0 to 1 */
export function zoneRates(policy: string, seed: number): { localShare: number; spread: number } {
  const targets = instances('orders', TARGETS);
  const peers = listOf(instances('shop', CALLERS));
  const rates = new Map<string, number>();
  let localShare = 0;
  for (const [zone, callers] of Object.entries(CALLERS)) {
    const balancer = new ServiceBalancer({
      options: { policy, zoneMode: 'balanced', breaker: BREAKER_DEFAULTS },
      random: seededRandom(seed),
      ownZone: () => zone,
      ownApp: () => peers,
      probe: async () => true,
    });
    balancer.update(listOf(targets));
    for (let pick = 0; pick < PICKS; pick++) {
      const { id, zone: of } = balancer.instance(balancer.pick(0, A_CALL));
      rates.set(id, (rates.get(id) ?? 0) + callers);
      if (zone === 'a' && of === 'a') localShare += 1 / PICKS;
    }
  }
  const mean = [...rates.values()].reduce((sum, rate) => sum + rate, 0) / targets.length;
  return { localShare, spread: Math.max(...[...rates.values()].map((rate) => Math.abs(rate / mean - 1))) };
}
