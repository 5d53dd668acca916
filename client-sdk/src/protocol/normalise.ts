/**
 * How values that clients send become our one shape, whatever format they came in. Shared by the JSON decoder and the server's XML decoder;
 * where the two formats differ in stock, the difference is a parameter or stands in the decoder.
 */

import { DecodeError } from './decode-error.ts';
import {
  type DataCenterInfo,
  type DataCenterName,
  type InstanceStatus,
  isInstanceStatus,
  type LeaseInfo,
} from './instance-info.ts';

/** Of one text field, in UTF-16 units: names, addresses, URLs. A list of VIPs or an id of 3,000 characters fits; a book does not. */
export const MAX_TEXT = 8_192;
/** Of all metadata of one instance: keys and values, in UTF-16 units. */
export const MAX_METADATA = 65_536;
const INT_32 = 2 ** 31;

/** Eureka's defaults where a registration says nothing. */
export const DEFAULT_PORT = { port: 7001, enabled: true } as const;
export const DEFAULT_SECURE_PORT = { port: 7002, enabled: false } as const;
export const DEFAULT_INTERVAL_SECS = 30;
export const DEFAULT_DURATION_SECS = 90;
export const DEFAULT_COUNTRY = 1;

/** A text made safe to emit: lone surrogates replaced, length bounded. @throws DecodeError when it is too long */
export function boundedText(value: string, path: string): string {
  if (value.length > MAX_TEXT)
    throw new DecodeError(path, `must have at most ${MAX_TEXT} characters, got ${value.length}`);
  return value.toWellFormed();
}

/** Any case of the five statuses; other text is UNKNOWN, as stock has it. */
export function statusOf(text: string): InstanceStatus {
  const upper = text.toUpperCase();
  return isInstanceStatus(upper) ? upper : 'UNKNOWN';
}

/** An integer of 32 bits out of a number or numeric text, cut towards zero; other text is 0. @throws DecodeError beyond 32 bits */
export function int32Of(value: number, path: string): number {
  const whole = Number.isNaN(value) ? 0 : Math.trunc(value);
  if (whole < -INT_32 || whole >= INT_32) throw new DecodeError(path, `must be an integer of 32 bits, got ${value}`);
  return whole === 0 ? 0 : whole;
}

/** Epoch ms out of a number or text: fractions cut; `otherwise` for what is no number or beyond exactness. */
export function timestampOf(value: number, otherwise: number | undefined): number | undefined {
  return Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER ? Math.trunc(value) + 0 : otherwise;
}

/** What a client says of its lease; zeros and less are Eureka's defaults, and the timestamps are the server's to set. */
export function leaseOf(intervalSecs: number, durationSecs: number): LeaseInfo {
  const sound = (secs: number): boolean => secs >= 1 && secs < INT_32;
  return {
    renewalIntervalInSecs: sound(intervalSecs) ? Math.trunc(intervalSecs) : DEFAULT_INTERVAL_SECS,
    durationInSecs: sound(durationSecs) ? Math.trunc(durationSecs) : DEFAULT_DURATION_SECS,
    registrationTimestamp: 0,
    lastRenewalTimestamp: 0,
    evictionTimestamp: 0,
    serviceUpTimestamp: 0,
  };
}

/** The class is not kept: it follows from the name. Amazon always has metadata, the others never. */
export function dataCenterOf(
  name: string,
  metadata: Readonly<Record<string, string>> | undefined,
  path: string,
): DataCenterInfo {
  const known = DATA_CENTERS.get(name);
  if (known === undefined)
    throw new DecodeError(`${path}.name`, `must be one of MyOwn, Amazon, Netflix, got "${name.slice(0, 40)}"`);
  return known === 'Amazon'
    ? { name: known, metadata: metadata ?? Object.freeze(Object.create(null)) }
    : { name: known };
}

const DATA_CENTERS: ReadonlyMap<string, DataCenterName> = new Map([
  ['MyOwn', 'MyOwn'],
  ['Amazon', 'Amazon'],
  ['Netflix', 'Netflix'],
]);

/** Collects metadata: `@class` and nulls dropped, keys and values well-formed, no prototype, bounded as a whole. */
export class MetadataBuilder {
  readonly entries: Record<string, string> = Object.create(null);
  #size = 0;
  readonly #path: string;
  readonly #limit: number;

  constructor(path: string, limit = MAX_METADATA) {
    this.#path = path;
    this.#limit = limit;
  }

  /** @throws DecodeError when the whole becomes too large */
  add(key: string, value: string): void {
    if (key === '@class') return;
    this.#size += key.length + value.length;
    if (this.#size > this.#limit) {
      throw new DecodeError(this.#path, `must have at most ${this.#limit} characters in keys and values`);
    }
    this.entries[key.toWellFormed()] = value.toWellFormed();
  }
}
