/** From options and surroundings to the record that will be registered: the address chosen, the id made, the reason kept. */
import type { NetworkInterfaceInfo } from 'node:os';
import type { RegistrationOptions } from '../api.ts';
import type { InstanceInfo } from '../protocol/instance-info.ts';
import { leaseOf } from '../protocol/normalise.ts';
import { type AddressChoice, chooseAddress } from './address.ts';
import { type ResolvedRegistration, registrationOptions } from './registration-options.ts';

/** What a registration looks at outside its options; `system-surroundings.ts` is the machine's. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Our own zone, where the registration names none. */
  readonly zone: string | undefined;
  /** Of a cluster worker, whose brothers listen on the same port; undefined: none. */
  readonly workerId: number | undefined;
  packageName(): Promise<string | undefined>;
  interfaces(): NodeJS.Dict<NetworkInterfaceInfo[]>;
  /** Source address of the route to the registry; undefined: none was found. Never rejects. */
  route(): Promise<string | undefined>;
}

export interface PreparedRegistration extends ResolvedRegistration {
  /** The record, as it stands before its first registration: status as wished, no version yet. */
  readonly info: InstanceInfo;
  /** Why this address, in one sentence: `10.0.0.7: the address of eth0`. */
  readonly addressReason: string;
}

/**
 * @param bound - what the server listens on; undefined: every address, or no server is known
 * @throws {OptionsError}
 */
export async function prepareRegistration(
  given: Partial<RegistrationOptions>,
  surroundings: Surroundings,
  bound?: string,
): Promise<PreparedRegistration> {
  const packageName = given.app === undefined ? await surroundings.packageName() : undefined;
  const options = registrationOptions(given, { packageName, zone: surroundings.zone });
  const choice = await addressOf(options, surroundings, bound);
  return { ...options, info: infoOf(options, choice.address, surroundings.workerId), addressReason: choice.why };
}

async function addressOf(
  options: ResolvedRegistration,
  surroundings: Surroundings,
  bound: string | undefined,
): Promise<AddressChoice> {
  const facts = {
    explicit: options.address,
    bound,
    environment: surroundings.environment,
    interfaces: surroundings.interfaces(),
    preferredNetworks: options.preferredNetworks,
    ignoredInterfaces: options.ignoredInterfaces,
  };
  const route = options.address === undefined ? await surroundings.route() : undefined;
  return chooseAddress({ ...facts, route });
}

function infoOf(options: ResolvedRegistration, address: string, workerId: number | undefined): InstanceInfo {
  const { app, port, securePort } = options;
  const secure = securePort !== undefined;
  // One worker's cancel would remove all that share its port.
  const worker = workerId === undefined ? '' : `:${workerId}`;
  const instanceId = options.instanceId ?? `${address}:${app.toLowerCase()}:${securePort ?? port}${worker}`;
  return {
    instanceId,
    app: app.toUpperCase(),
    ipAddr: address,
    // A host name that others cannot resolve is worse than none; who has a good one gives it.
    hostName: options.hostname ?? address,
    port: port === undefined ? { port: securePort!, enabled: false } : { port, enabled: true },
    securePort: { port: securePort ?? 443, enabled: secure },
    vipAddress: options.vip,
    secureVipAddress: options.secureVip,
    countryId: 1,
    dataCenterInfo: { name: 'MyOwn' },
    status: options.status,
    overriddenStatus: 'UNKNOWN',
    leaseInfo: leaseOf(Math.max(1, Math.round(options.heartbeatMs / 1_000)), Math.ceil(options.leaseMs / 1_000)),
    isCoordinatingDiscoveryServer: false,
    metadata: options.metadata,
    lastUpdatedTimestamp: 0,
    lastDirtyTimestamp: undefined,
  };
}
