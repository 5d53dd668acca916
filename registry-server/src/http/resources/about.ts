/** Rows 15 to 18 of the protocol: the server's own status, overrides, the latest registrations and cancels; and what AWS alone would need. */
import type { Clock } from '@heureka/client-sdk/runtime';
import type { AppliedChange } from '../../replica/replica-reader.ts';
import type { Call } from '../call.ts';
import { CONTENT_TYPE, entityFormat } from '../negotiation.ts';
import type { ProtocolParts } from '../parts.ts';
import { type Reply, refused, textReply } from '../reply.ts';

/** As many as stock keeps of each kind. */
const LAST_N = 1_000;

interface Event {
  /** Epoch ms, store time. */
  readonly at: number;
  readonly app: string;
  readonly id: string;
}

type Parts = Pick<ProtocolParts, 'replica' | 'ledger'> & { readonly clock: Clock };

export class AboutResource {
  readonly #parts: Parts;
  readonly #startedAt: number;
  readonly #registered: Event[] = [];
  readonly #cancelled: Event[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#startedAt = parts.clock.monotonic();
    parts.replica.onChange((change) => this.#note(change));
  }

  readonly status = (call: Call): Reply => {
    const { ledger, clock } = this.#parts;
    const memory = process.memoryUsage();
    const general: Record<string, string> = {
      'server-uptime': duration(clock.monotonic() - this.#startedAt),
      'total-avail-memory': `${Math.round(memory.heapTotal / 2 ** 20)}mb`,
      'current-memory-usage': `${Math.round(memory.heapUsed / 2 ** 20)}mb`,
      'renews-last-minute': String(ledger.renewsLastMinute),
      instances: String(ledger.size),
      state: ledger.state.is,
    };
    const replicas = { 'registered-replicas': '', 'available-replicas': '', 'unavailable-replicas': '' };
    if (entityFormat(call.header('accept')) === 'json') {
      return textReply(200, JSON.stringify({ generalStats: general, applicationStats: replicas }), CONTENT_TYPE.json);
    }
    const elements = (entries: Readonly<Record<string, string>>): string =>
      Object.entries(entries)
        .map(([name, value]) => `<${name}>${value}</${name}>`)
        .join('');
    const xml = `<status><generalStats>${elements(general)}</generalStats><applicationStats>${elements(replicas)}</applicationStats></status>`;
    return textReply(200, xml, CONTENT_TYPE.xml);
  };

  /** Ids with an override; of an id in two applications the first in canonical order. */
  readonly statusOverrides = (): Reply => {
    const overrides: Record<string, string> = Object.create(null) as Record<string, string>;
    const held = [...this.#parts.replica.all()].filter(({ info }) => info.overriddenStatus !== 'UNKNOWN');
    held.sort((a, b) => (a.app === b.app ? 0 : a.app < b.app ? -1 : 1));
    for (const { id, info } of held) overrides[id] ??= info.overriddenStatus;
    return textReply(200, JSON.stringify(overrides), CONTENT_TYPE.json);
  };

  readonly lastN = (): Reply => {
    const shown = (events: readonly Event[]): object[] =>
      events.toReversed().map(({ at, app, id }) => ({ at: new Date(at).toISOString(), instance: `${app}(${id})` }));
    const body = { lastNRegistered: shown(this.#registered), lastNCanceled: shown(this.#cancelled) };
    return textReply(200, JSON.stringify(body), CONTENT_TYPE.json);
  };

  readonly autoscalingGroup = (): Reply => refused(400, 'this registry does not run on AWS');

  #note({ at, app, id, before, after }: AppliedChange): void {
    if (after === undefined) keep(this.#cancelled, { at, app, id });
    else if (before === undefined || after.info.actionType === 'ADDED') keep(this.#registered, { at, app, id });
  }
}

function keep(events: Event[], event: Event): void {
  events.push(event);
  if (events.length > LAST_N) events.shift();
}

function duration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const pad = (value: number): string => String(value).padStart(2, '0');
  return `${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
}
