/** Rows 7 to 9, 12 and 13 of the protocol: lists, answered with the bytes that the views hold. */
import { Header } from '@heureka/client-sdk/protocol';
import type { EncodedAnswer, Views } from '../../views/views.ts';
import type { Call } from '../call.ts';
import { CONTENT_TYPE, matches, representation } from '../negotiation.ts';
import type { ProtocolParts } from '../parts.ts';
import { type Reply, refused } from '../reply.ts';

/** Announces what a stock server has not: the SDK looks for these words and works without them. */
export const CAPABILITIES = '1; since, stream';

const VARY = 'Accept, Accept-Encoding, X-Eureka-Accept';

export class ListResource {
  readonly #views: Views;
  readonly #replica: ProtocolParts['replica'];
  readonly #disableDelta: boolean;

  constructor(parts: Pick<ProtocolParts, 'views' | 'replica' | 'disableDelta'>) {
    this.#views = parts.views;
    this.#replica = parts.replica;
    this.#disableDelta = parts.disableDelta;
  }

  readonly all = (call: Call): Reply | Promise<Reply> => this.#answer(call, true, (as) => this.#views.all(as));

  readonly delta = (call: Call): Reply | Promise<Reply> => {
    if (this.#disableDelta) return refused(403, 'deltas are switched off');
    const since = call.query.get('since');
    if (since === undefined) return this.#answer(call, true, (as) => this.#views.delta(as));
    return this.#since(call, since);
  };

  readonly app = (call: Call): Reply | Promise<Reply> =>
    this.#answer(call, false, (as) => this.#views.app(call.app, as), 'no such application');

  readonly vip = (call: Call): Reply | Promise<Reply> =>
    this.#answer(call, false, (as) => this.#views.vip(call.params[0]!, false, as));

  readonly secureVip = (call: Call): Reply | Promise<Reply> =>
    this.#answer(call, false, (as) => this.#views.vip(call.params[0]!, true, as));

  #since(call: Call, cursor: string): Reply | Promise<Reply> {
    const encoding = call.header('accept-encoding')?.includes('gzip') === true ? 'gzip' : 'identity';
    const filter = { apps: names(call.query.get('apps'), true), vips: names(call.query.get('vips'), false) };
    const as = { format: 'json', form: 'full', encoding } as const;
    return this.#answer(call, true, () => this.#views.since(cursor, filter, encoding), undefined, as);
  }

  #answer(
    call: Call,
    compressed: boolean,
    view: (as: ReturnType<typeof representation>) => EncodedAnswer | undefined | Promise<EncodedAnswer | undefined>,
    missing?: string,
    fixed?: ReturnType<typeof representation>,
  ): Reply | Promise<Reply> {
    if (!this.#replica.loaded) return refused(503, 'this node has not loaded the registry yet', { 'retry-after': '1' });
    const asked =
      fixed ??
      representation(
        call.header('accept'),
        call.header(Header.EUREKA_ACCEPT),
        compressed ? call.header('accept-encoding') : undefined,
      );
    const { epoch, version } = this.#replica.cursor;
    // Read before the view is asked for: what it shows is this or newer, so a reader that goes on from here misses nothing.
    const cursor = `${epoch}.${version}`;
    const answer = view(asked);
    return answer instanceof Promise
      ? answer.then((encoded) => this.#reply(call, encoded, asked, cursor, missing))
      : this.#reply(call, answer, asked, cursor, missing);
  }

  #reply(
    call: Call,
    encoded: EncodedAnswer | undefined,
    as: ReturnType<typeof representation>,
    cursor: string,
    missing: string | undefined,
  ): Reply {
    if (encoded === undefined) {
      return missing === undefined
        ? refused(410, 'these changes are no longer known: a full fetch is due', {
            [Header.CAPABILITIES]: CAPABILITIES,
          })
        : refused(404, missing);
    }
    const headers: Record<string, string> = {
      etag: encoded.etag,
      vary: VARY,
      [Header.CAPABILITIES]: CAPABILITIES,
      [Header.CURSOR]: cursor,
    };
    if (matches(call.header('if-none-match'), encoded.etag)) return { status: 304, headers };
    headers['content-type'] = CONTENT_TYPE[as.format];
    if (as.encoding === 'gzip') headers['content-encoding'] = 'gzip';
    const body = encoded.chunks.length === 1 ? encoded.chunks[0]! : encoded.chunks;
    return { status: 200, headers, body };
  }
}

/** A comma list of names from the query; empty ones are dropped, and more than 1,000 are not read. */
export function names(list: string | undefined, upper: boolean): readonly string[] {
  if (list === undefined) return [];
  const parts = list.split(',', 1_000).filter((name) => name !== '');
  return upper ? parts.map((name) => name.toUpperCase()) : parts;
}
