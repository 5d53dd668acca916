/** What resources are made of: the registry's verbs, its views, and the codecs of single instances. */
import type { ServerResponse } from 'node:http';
import type { InstanceInfo, Registration } from '@heureka/client-sdk/protocol';
import type { Ledger } from '../registry/ledger.ts';
import type { Registry } from '../registry/registry.ts';
import type { ReplicaReader } from '../replica/replica-reader.ts';
import type { ChangeFilter, Views } from '../views/views.ts';
import type { HeldLimits } from './limits.ts';

export interface InstanceCodec {
  /** One registration, `{"instance":{...}}` or `<instance>`. @throws DecodeError */
  decode(text: string): Registration;
  /** The same document, out. */
  encode(info: InstanceInfo): string;
}

/** Whoever keeps the open streams. */
export interface EventStreams {
  /** Takes the response over, its head not yet written; `headers` go into the head. */
  open(
    response: ServerResponse,
    headers: Readonly<Record<string, string>>,
    filter: ChangeFilter,
    lastEventId: string | undefined,
  ): void;
}

export interface ProtocolParts {
  readonly registry: Registry;
  readonly views: Views;
  readonly replica: ReplicaReader;
  readonly ledger: Pick<Ledger, 'state' | 'now' | 'size' | 'renewsLastMinute'>;
  readonly streams: EventStreams;
  readonly json: InstanceCodec;
  readonly xml: InstanceCodec;
  /** Eureka's validation: its message, or undefined (protocol 1.5 row 1). `pathApp` is upper-case. */
  readonly validate: (info: Registration, pathApp: string) => string | undefined;
  readonly limits: ProtocolLimits;
  /** Answer 403 on `apps/delta`, as Eureka's `disable-delta` does. */
  readonly disableDelta: boolean;
}

export interface ProtocolLimits extends HeldLimits {
  /** Of one request body, in bytes, compressed or not. */
  readonly bodyLimit: number;
}
