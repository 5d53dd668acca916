/** Who asks, and how: an argument of every verb of the registry, and the `by` of every change. */
export interface RequestContext {
  /** Name of whoever was authenticated, else `anonymous`. */
  readonly principal: string;
  /** Remote address, after `--trust-proxy`. */
  readonly address: string;
  readonly requestId: string;
  /** From a foreign Eureka peer (`x-netflix-discovery-replication: true`, or an item of a batch): applied, never forwarded. */
  readonly replication: boolean;
}
