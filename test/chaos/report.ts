/** A fault and what it cost, as lines of a table. */
import type { Outcome } from './run-fault.ts';
import type { SceneSize } from './scene.ts';

/** From healing to agreement. */
const AGREED_WITHIN_MS = 2_000;

export function heading({ instances, beatSeconds, leaseSeconds, churn, faultMs }: SceneSize): string {
  return [
    `${instances} instances on 3 nodes, beats each ${beatSeconds} s, leases ${leaseSeconds} s, ${churn} come and ${churn} leave a second, faults up to ${faultMs / 1_000} s`,
    '',
    '| fault | lost | resurrected | evicted though beating | failed requests | seconds to agreement |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
  ].join('\n');
}

export function line({ fault, lost, resurrected, evicted, failed, requests, agreedAfterMs }: Outcome): string {
  const agreed = agreedAfterMs === undefined ? 'none' : (agreedAfterMs / 1_000).toFixed(2);
  return `| ${fault} | ${lost} | ${resurrected} | ${evicted} | ${failed} of ${requests} | ${agreed} |`;
}

export function passed({ lost, resurrected, evicted, failed, agreedAfterMs }: Outcome): boolean {
  return (
    lost + resurrected + evicted + failed === 0 && agreedAfterMs !== undefined && agreedAfterMs <= AGREED_WITHIN_MS
  );
}
