/** Replies that say where the store is. */
import type { NodeReport, Position, Standing, Tick } from '../registry-store.ts';
import { READS_SCHEMA } from '../store-limits.ts';
import type { Reply } from './link.ts';

export function attachArguments(known: Position | undefined): (string | number)[] {
  return known === undefined ? [READS_SCHEMA, '', '', ''] : [READS_SCHEMA, known.epoch, known.version, known.token];
}

export function decodeStanding([kind, ...fields]: Reply): Standing {
  if (kind === 'EMPTY') return { kind: 'empty' };
  if (kind === 'INCOMPATIBLE') return { kind: 'incompatible', needs: Number(fields[0]) };
  if (kind === 'SEEDING') return { kind: 'seeding', by: String(fields[0]), until: Number(fields[1]) };
  const [epoch, version, token, lease, time, why] = fields;
  const place = {
    position: { epoch: String(epoch), version: Number(version), token: String(token) },
    lease: Number(lease),
    time: Number(time),
  };
  if (kind === 'FOLLOWS') return { kind: 'follows', ...place };
  return { kind: 'diverged', ...place, why: why as (Standing & { kind: 'diverged' })['why'] };
}

export function decodeTick(reply: Reply): Tick {
  const [, epoch, version, token, lease, time, stood, size, leases, expired, sweep, secret, reports, opened] = reply;
  return {
    position: { epoch: String(epoch), version: Number(version), token: String(token) },
    lease: Number(lease),
    time: Number(time),
    opened: Number(opened),
    stood: stood === '1',
    size: Number(size),
    leases: Number(leases),
    expired: Number(expired),
    ...(sweep === '' ? {} : { sweep: { id: String(sweep) } }),
    secret: String(secret),
    nodes: (reports as string[]).map(decodeReport).filter((report) => report !== undefined),
  };
}

/** Undefined for what no node of ours wrote: it is one node less to ask, and no fault of the store. */
function decodeReport(text: string): NodeReport | undefined {
  try {
    const report = JSON.parse(text) as Partial<NodeReport> | null;
    return typeof report?.id === 'string' && typeof report.url === 'string' ? (report as NodeReport) : undefined;
  } catch {
    return undefined;
  }
}
