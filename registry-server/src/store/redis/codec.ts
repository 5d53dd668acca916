/** What the scripts take and answer, in the port's words. */
import type { InstanceKey } from '../instance-key.ts';
import type { InstanceRecord } from '../instance-record.ts';
import type { Actor, Change, ChangeBody, Hold, Stored } from '../registry-store.ts';
import { Diverged } from '../registry-store.ts';

/** A record as the scripts keep it: `<revision>|<token>|<duration ms>|<json>`. */
export function decodeRecord(key: InstanceKey, text: string, deadline: unknown, lease: number): Stored {
  const first = text.indexOf('|');
  const second = text.indexOf('|', first + 1);
  const third = text.indexOf('|', second + 1);
  const duration = Number(text.slice(second + 1, third));
  const leaseless = deadline === null || deadline === undefined;
  const heard = leaseless ? lease : Number(deadline) - duration;
  return {
    key,
    revision: Number(text.slice(0, first)),
    token: text.slice(first + 1, second),
    record: JSON.parse(text.slice(third + 1)) as InstanceRecord,
    age: Math.max(0, lease - heard),
    ...(leaseless ? { leaseless } : {}),
  };
}

export type StreamEntry = readonly [id: string, fields: readonly string[]];

const KINDS: readonly string[] = ['put', 'remove', 'hold', 'release'] satisfies ChangeBody['kind'][];

/** @throws {Diverged} for a kind of change that this program does not know: it was written by a newer node, and only a load shows its effect */
export function decodeEntry(entry: StreamEntry): Change {
  const change = decodeKnown(entry);
  if (change === undefined)
    throw new Diverged(`the log's entry ${entry[0]} is of a kind that this program does not know`);
  return change;
}

/** @returns undefined for a kind of change that this program does not know: a load shows its effect without it */
export function decodeKnown([id, fields]: StreamEntry): Change | undefined {
  const [, token, , previous, , at, , body, , by] = fields;
  const change = JSON.parse(body!) as ChangeBody;
  if (!KINDS.includes(change.kind)) return undefined;
  return {
    ...change,
    version: Number(id.slice(0, id.indexOf('-'))),
    token: token!,
    previous: previous!,
    at: Number(at),
    by: JSON.parse(by!) as Actor,
  };
}

export function decodeHolds(flat: readonly string[]): Hold[] {
  return flat.filter((_, index) => index % 2 === 1).map((text) => JSON.parse(text) as Hold);
}

/** How a change is named in its script: by its key, or its group. */
export function fieldOf(change: ChangeBody): string {
  return 'key' in change ? change.key : change.hold.group;
}

/** What the script writes for it beside the log entry. */
export function contentOf(change: ChangeBody): string {
  if (change.kind === 'put') return JSON.stringify(change.record);
  return change.kind === 'remove' ? '' : JSON.stringify(change.hold);
}
