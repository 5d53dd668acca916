import type { InstanceInfo } from './instance-info.ts';

/** The instances of one service. */
export interface Application {
  /** Upper-case. */
  readonly name: string;
  readonly instances: readonly InstanceInfo[];
}

/** What `GET apps`, `apps/delta`, `vips/{vip}` and `svips/{svip}` answer. */
export interface Applications {
  /** `'1'` in a full list, a version in a delta, `'-1'` for VIPs; `undefined` when a server sent none. */
  readonly versionsDelta: string | undefined;
  /** See `appsHashCode`; of the whole registry, in a delta too. `undefined` when a server sent none. */
  readonly appsHashCode: string | undefined;
  readonly applications: readonly Application[];
}
