/**
 * A list of instances as the text of a file: a line that names format and version, one with epoch and time, one for each instance, and last the
 * checksum of all before. Cut off, changed, or of another version: it is refused as a whole. What is read is checked field by field, since a
 * checksum does not say who wrote it.
 */
import { createHash } from 'node:crypto';
import type { Instance } from '../api.ts';
import { isInstanceStatus } from '../protocol/instance-info.ts';

const FORMAT = 'heureka-snapshot';
const VERSION = 1;
const CHECKSUM = 'sha256 ';
/** Instances in one piece of text. */
const PIECE = 256;

export interface SnapshotHead {
  /** Of the registry that the list came from; undefined: a stock one. */
  readonly epoch: string | undefined;
  /** When the list was right, epoch ms. */
  readonly trueAt: number;
}

export interface Snapshot extends SnapshotHead {
  readonly instances: readonly Instance[];
}

/** In pieces, so that a long list can be written without holding the event loop. */
export function* snapshotText(head: SnapshotHead, instances: readonly Instance[]): Generator<string, void, void> {
  const hash = createHash('sha256');
  const piece = (text: string): string => {
    hash.update(text);
    return text;
  };
  yield piece(`${FORMAT} ${VERSION}\n${JSON.stringify(head)}\n`);
  for (let start = 0; start < instances.length; start += PIECE) {
    let text = '';
    for (const instance of instances.slice(start, start + PIECE)) text += `${JSON.stringify(instance)}\n`;
    yield piece(text);
  }
  yield `${CHECKSUM}${hash.digest('hex')}\n`;
}

/** @returns why it cannot be used, as a part of a sentence, in place of a snapshot */
export function readSnapshot(text: string): Snapshot | string {
  const lines = text.split('\n');
  if (!lines[0]?.startsWith(`${FORMAT} `)) return 'is no snapshot';
  if (lines[0] !== `${FORMAT} ${VERSION}`)
    return `is of version ${lines[0].slice(FORMAT.length + 1, 40)}, not ${VERSION}`;
  const last = lines.at(-2);
  if (lines.at(-1) !== '' || !last?.startsWith(CHECKSUM)) return 'is cut off';
  const body = text.slice(0, text.length - last.length - 1);
  if (createHash('sha256').update(body).digest('hex') !== last.slice(CHECKSUM.length))
    return 'does not match its checksum';
  try {
    const head = object(JSON.parse(lines[1]!));
    const { epoch, trueAt } = head;
    if (typeof trueAt !== 'number' || (epoch !== undefined && typeof epoch !== 'string'))
      return 'has an unreadable head';
    const instances = lines.slice(2, -2).map((line) => instanceFrom(object(JSON.parse(line))));
    return { epoch, trueAt, instances };
  } catch (error) {
    return `is unreadable (${error instanceof Error ? error.message : String(error)})`;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function instanceFrom(from: Fields): Instance {
  const status = text(from, 'status');
  if (!isInstanceStatus(status)) throw new TypeError(`no status: ${status.slice(0, 40)}`);
  const ports = object(from['ports']);
  const url = text(from, 'url');
  if (!URL.canParse(url)) throw new TypeError('url is none');
  return {
    id: text(from, 'id'),
    app: text(from, 'app'),
    address: text(from, 'address'),
    hostname: text(from, 'hostname'),
    port: port(from['port']),
    secure: from['secure'] === true,
    ports: { plain: optional(ports['plain'], port), secure: optional(ports['secure'], port) },
    url,
    status,
    zone: from['zone'] === undefined ? undefined : text(from, 'zone'),
    vip: texts(from['vip']),
    secureVip: texts(from['secureVip']),
    metadata: entries(object(from['metadata'])),
  };
}

function object(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('an object is missing');
  return value as Fields;
}

function text(from: Fields, name: string): string {
  const value = from[name];
  if (typeof value !== 'string') throw new TypeError(`${name} is no text`);
  return value;
}

function texts(value: unknown): readonly string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
    throw new TypeError('names are missing');
  return value;
}

function port(value: unknown): number {
  if (!Number.isInteger(value) || Number(value) < 0 || Number(value) > 65_535) throw new TypeError('port is none');
  return Number(value);
}

function optional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined ? undefined : read(value);
}

/** Without prototype, as the wire's metadata is. */
function entries(from: Fields): Readonly<Record<string, string>> {
  const metadata: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(from)) if (typeof value === 'string') metadata[key] = value;
  return metadata;
}
