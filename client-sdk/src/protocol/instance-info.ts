/**
 * An instance as Eureka knows it, in one normalised shape: whatever a client sent, ports are numbers, timestamps are epoch ms, absent is absent.
 * The names are the wire's own; the quirks of the wire (numbers as strings, `$`, `@enabled`) live in the codecs.
 *
 * @see Netflix eureka `InstanceInfo`
 */

export type InstanceStatus = 'UP' | 'DOWN' | 'STARTING' | 'OUT_OF_SERVICE' | 'UNKNOWN';
export const INSTANCE_STATUSES: readonly InstanceStatus[] = ['UP', 'DOWN', 'STARTING', 'OUT_OF_SERVICE', 'UNKNOWN'];

/** How an instance came into a list: meaningful in deltas only. */
export type ActionType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface PortInfo {
  /** As the client gave it, -2^31 to 2^31-1: stock keeps odd ports, and so do we. */
  readonly port: number;
  readonly enabled: boolean;
}

export type DataCenterName = 'MyOwn' | 'Amazon' | 'Netflix';

export interface DataCenterInfo {
  readonly name: DataCenterName;
  /** Amazon's facts; always there for Amazon, never for the others. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface LeaseInfo {
  /** Seconds between two heartbeats, > 0: what the client means to do; nobody enforces it. */
  readonly renewalIntervalInSecs: number;
  /** Seconds without a heartbeat after which the lease is expired, > 0. */
  readonly durationInSecs: number;
  /** Epoch ms of the latest registration; 0 in what a client sends. */
  readonly registrationTimestamp: number;
  /** Epoch ms of the latest sign of life; 0 in what a client sends. */
  readonly lastRenewalTimestamp: number;
  /** Epoch ms of cancel or eviction in a DELETED entry, else 0. */
  readonly evictionTimestamp: number;
  /** Epoch ms when the instance was first UP, 0 if never. */
  readonly serviceUpTimestamp: number;
}

export interface InstanceInfo {
  /** Absent stays absent on the wire; see `effectiveId`. */
  readonly instanceId?: string | undefined;
  /** Upper-case. */
  readonly app: string;
  readonly appGroupName?: string | undefined;
  readonly ipAddr: string;
  /** Absent for Eureka's `na`. */
  readonly sid?: string | undefined;
  readonly hostName: string;
  readonly port: PortInfo;
  readonly securePort: PortInfo;
  readonly homePageUrl?: string | undefined;
  readonly statusPageUrl?: string | undefined;
  readonly healthCheckUrl?: string | undefined;
  readonly secureHealthCheckUrl?: string | undefined;
  /** Comma list of names, as sent. */
  readonly vipAddress?: string | undefined;
  readonly secureVipAddress?: string | undefined;
  readonly countryId: number;
  readonly dataCenterInfo: DataCenterInfo;
  readonly status: InstanceStatus;
  /** UNKNOWN: no override. */
  readonly overriddenStatus: InstanceStatus;
  readonly leaseInfo: LeaseInfo;
  readonly isCoordinatingDiscoveryServer: boolean;
  /** Without prototype, keys in the client's order. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Epoch ms of the server's latest change of the record. */
  readonly lastUpdatedTimestamp: number;
  /** The client's version clock, epoch ms: the newer registration wins. Undefined when a client sent none. */
  readonly lastDirtyTimestamp: number | undefined;
  readonly actionType?: ActionType | undefined;
  readonly asgName?: string | undefined;
}

/**
 * The id under which a registry holds an instance: its own, else Amazon's `instance-id`, else the host name.
 *
 * @returns `''` when the instance has none of them, which no registry accepts
 * @see Netflix eureka `InstanceInfo#getId`
 */
export function effectiveId(info: Pick<InstanceInfo, 'instanceId' | 'dataCenterInfo' | 'hostName'>): string {
  return info.instanceId || info.dataCenterInfo.metadata?.['instance-id'] || info.hostName;
}

const KNOWN: ReadonlySet<string> = new Set(INSTANCE_STATUSES);

/** Whether `text` is one of Eureka's five statuses, in their own (upper) case. */
export function isInstanceStatus(text: string): text is InstanceStatus {
  return KNOWN.has(text);
}
