/**
 * What a registration takes, checked and filled: one table of defaults with their reasons, one function. All problems are reported at once.
 */
import { isIP } from 'node:net';
import { constants } from 'node:os';
import type { RegistrationOptions } from '../api.ts';
import { checkNames, type OptionNames, type OptionProblem, OptionsError } from '../errors.ts';
import type { InstanceStatus } from '../protocol/instance-info.ts';
import { MAX_METADATA } from '../protocol/normalise.ts';
import { isNetwork } from './address.ts';

export const REGISTRATION_DEFAULTS = {
  status: 'UP',
  /** A third of the lease: two beats may be lost. */
  heartbeatMs: 10_000,
  /** Eureka's 90 s would keep a dead instance in every caller's list for as long. */
  leaseMs: 30_000,
  /** Until callers know that we go, where the registry pushes changes to them. */
  pushedPropagationMs: 1_000,
  /** The same where callers poll: our SDK's at most; a stock client may take 60 s. */
  polledPropagationMs: 5_000,
  /** As long as a call of this SDK may take. */
  inflightMs: 10_000,
  /** What orchestrators send; SIGINT is for a person at a terminal, who wants the end now. */
  signals: ['SIGTERM'],
} as const satisfies {
  status: InstanceStatus;
  signals: readonly NodeJS.Signals[];
  [name: string]: unknown;
};

export interface ResolvedRegistration {
  /** As given; upper-case on the wire. */
  readonly app: string;
  /** Undefined: not offered. */
  readonly port: number | undefined;
  readonly securePort: number | undefined;
  readonly address: string | undefined;
  readonly hostname: string | undefined;
  readonly instanceId: string | undefined;
  readonly vip: string;
  readonly secureVip: string;
  /** With `zone`, where one is known. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly status: 'UP' | 'STARTING' | 'OUT_OF_SERVICE';
  readonly heartbeatMs: number;
  readonly leaseMs: number;
  readonly health: RegistrationOptions['health'];
  /** Undefined: by whether the registry pushes. */
  readonly propagationMs: number | undefined;
  readonly inflightMs: number;
  readonly signals: readonly NodeJS.Signals[];
  readonly preferredNetworks: readonly string[];
  readonly ignoredInterfaces: readonly string[];
}

export interface RegistrationDefaults {
  /** Stands in for `app`: the name in package.json, scope and all. */
  readonly packageName: string | undefined;
  /** Our own zone, where neither the option nor the metadata has one. */
  readonly zone: string | undefined;
}

const NAMES: OptionNames<RegistrationOptions> = {
  app: true,
  port: true,
  securePort: true,
  address: true,
  preferredNetworks: true,
  ignoredInterfaces: true,
  hostname: true,
  instanceId: true,
  vip: true,
  secureVip: true,
  metadata: true,
  zone: true,
  status: true,
  heartbeatMs: true,
  leaseMs: true,
  health: true,
  drain: true,
  signals: true,
};
const DRAIN_NAMES: OptionNames<NonNullable<RegistrationOptions['drain']>> = { propagationMs: true, inflightMs: true };

const STATUSES = ['UP', 'STARTING', 'OUT_OF_SERVICE'] as const;
/** Without what a registry's path, a list of names or a header cannot hold. */
const NAME = /^[^\u0000-\u001f\u007f/\\,]{1,200}$/;
const ID = /^[^\u0000-\u001f\u007f/\\]{1,1000}$/;

type Check = (fine: boolean, option: string, got: unknown, accepts: string) => void;

/** @throws {OptionsError} naming each option, what it got, and what it accepts */
export function registrationOptions(
  given: Partial<RegistrationOptions>,
  defaults: RegistrationDefaults,
): ResolvedRegistration {
  const problems: OptionProblem[] = [];
  const check: Check = (fine, option, got, accepts) => {
    if (!fine) problems.push({ option, got, accepts });
  };
  checkNames(given, NAMES, '', problems);
  checkNames(given.drain ?? {}, DRAIN_NAMES, 'drain.', problems);
  const app = given.app ?? unscoped(defaults.packageName);
  const text = (option: 'hostname' | 'vip' | 'secureVip' | 'zone'): void => {
    const value: unknown = given[option];
    check(value === undefined || (typeof value === 'string' && value !== ''), option, value, 'a string');
  };
  check(
    typeof app === 'string' && NAME.test(app),
    'app',
    app,
    'a name of 1 to 200 characters without / \\ , (default: the name in package.json)',
  );
  check(
    given.port !== undefined || given.securePort !== undefined,
    'port',
    given.port,
    'a port (or securePort), which registerServer finds by itself',
  );
  for (const option of ['port', 'securePort'] as const) {
    const port: unknown = given[option];
    check(port === undefined || isPort(port), option, port, 'a whole number from 1 to 65535');
  }
  const { address, instanceId, health } = given;
  check(address === undefined || isIP(address) !== 0, 'address', address, 'an IP address');
  check(
    instanceId === undefined || (typeof instanceId === 'string' && ID.test(instanceId)),
    'instanceId',
    instanceId,
    'an id of 1 to 1,000 characters without / and \\',
  );
  for (const option of ['hostname', 'vip', 'secureVip', 'zone'] as const) text(option);
  const status = given.status ?? REGISTRATION_DEFAULTS.status;
  check(STATUSES.includes(status), 'status', status, `one of ${STATUSES.join(', ')}`);
  check(health === undefined || typeof health === 'function', 'health', health, 'a function');
  const { heartbeatMs, leaseMs } = lease(given, check);
  const drain = given.drain ?? {};
  for (const option of ['propagationMs', 'inflightMs'] as const) {
    const ms: unknown = drain[option];
    const fine = ms === undefined || (typeof ms === 'number' && ms >= 0 && Number.isFinite(ms));
    check(fine, `drain.${option}`, ms, 'a number of ms, 0 or more');
  }
  const signals = given.signals === false ? [] : (given.signals ?? REGISTRATION_DEFAULTS.signals);
  check(isSignals(signals), 'signals', given.signals, 'a list of signal names such as SIGTERM, or false');
  const preferredNetworks = given.preferredNetworks ?? [];
  const networks = isTexts(preferredNetworks) && preferredNetworks.every(isNetwork);
  check(networks, 'preferredNetworks', preferredNetworks, 'a list of networks such as 10.0.0.0/8 or 192.168.');
  const ignoredInterfaces = given.ignoredInterfaces ?? [];
  check(isTexts(ignoredInterfaces), 'ignoredInterfaces', ignoredInterfaces, 'a list of names such as docker*');

  const metadata = metadataOf(given.metadata ?? {}, check);
  const zone = given.zone ?? metadata['zone'] ?? defaults.zone;
  if (zone !== undefined) metadata['zone'] = zone;
  if (problems.length > 0) throw new OptionsError(problems);
  return {
    app: app!,
    port: given.port,
    securePort: given.securePort,
    address,
    hostname: given.hostname,
    instanceId,
    // Spring's clients look services up by VIP, and Spring's services put their name there, secure or not.
    vip: given.vip ?? app!,
    secureVip: given.secureVip ?? app!,
    metadata,
    status,
    heartbeatMs,
    leaseMs,
    health,
    propagationMs: drain.propagationMs,
    inflightMs: drain.inflightMs ?? REGISTRATION_DEFAULTS.inflightMs,
    signals: [...signals],
    preferredNetworks: [...preferredNetworks],
    ignoredInterfaces: [...ignoredInterfaces],
  };
}

/** A copy without prototype. @param check - hears of each entry that is no text, and of too much */
export function metadataOf(given: Readonly<Record<string, string>>, check: Check): Record<string, string> {
  const metadata: Record<string, string> = Object.create(null);
  let size = 0;
  for (const [key, value] of Object.entries(given)) {
    check(typeof value === 'string', `metadata.${key}`, value, 'a string');
    // The wire uses this key for itself.
    if (key === '@class' || typeof value !== 'string') continue;
    metadata[key] = value;
    size += key.length + value.length;
  }
  check(size <= MAX_METADATA, 'metadata', `${size} characters`, `at most ${MAX_METADATA} characters`);
  return metadata;
}

function lease(given: Partial<RegistrationOptions>, check: Check): { heartbeatMs: number; leaseMs: number } {
  const { leaseMs = REGISTRATION_DEFAULTS.leaseMs } = given;
  // Who shortens the lease alone wants it kept all the same.
  const { heartbeatMs = Math.min(REGISTRATION_DEFAULTS.heartbeatMs, leaseMs / 3) } = given;
  const soundLease = Number.isFinite(leaseMs) && leaseMs >= 1_000;
  check(soundLease, 'leaseMs', leaseMs, 'a number of ms, 1,000 or more: the wire says it in whole seconds');
  const soundBeat = Number.isFinite(heartbeatMs) && heartbeatMs >= 50;
  check(soundBeat, 'heartbeatMs', heartbeatMs, 'a number of ms, 50 or more');
  if (soundLease && soundBeat) check(heartbeatMs < leaseMs, 'heartbeatMs', heartbeatMs, `less than leaseMs ${leaseMs}`);
  return { heartbeatMs, leaseMs };
}

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) < 65_536;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '');
}

function isSignals(value: unknown): value is readonly NodeJS.Signals[] {
  return isTexts(value) && value.every((name) => Object.hasOwn(constants.signals, name));
}

/** `@acme/orders` is a package; the service is `orders`. */
function unscoped(name: string | undefined): string | undefined {
  return name?.replace(/^@[^/]*\//, '');
}
