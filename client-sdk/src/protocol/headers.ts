/** Names of HTTP headers, lower-case as Node has them. */
export const Header = {
  /** `true`, exactly: the request comes from a Eureka peer. */
  REPLICATION: 'x-netflix-discovery-replication',
  /** `compact` asks for the reduced form; anything else is the full one. */
  EUREKA_ACCEPT: 'x-eureka-accept',
  /** Ours: capabilities, such as `since, stream`. Absent on a stock server. */
  CAPABILITIES: 'x-heureka',
  /** Ours: `<epoch>.<version>` that a list or delta reaches. */
  CURSOR: 'x-heureka-cursor',
  /** Ours: why an answer is an error, since errors on protocol paths have no body. */
  REASON: 'x-heureka-reason',
  /** Ours: the answer is given without the store, such as `store` or `cut-off; age=12`. */
  DEGRADED: 'x-heureka-degraded',
} as const;
