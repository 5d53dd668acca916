/**
 * Rows 7 to 9, 12 and 13 of the protocol: lists, answered with the bytes that the views hold. What a reply says beside them is made once for
 * each of these answers, not for each request.
 */
import { Header } from '@heureka/client-sdk/protocol';
import type { Cursor } from '../../replica/replica-reader.ts';
import type { EncodedAnswer, Representation, Views } from '../../views/views.ts';
import type { Call } from '../call.ts';
import { CONTENT_TYPE, listEncoding, matches, REPRESENTATIONS, representation } from '../negotiation.ts';
import type { ProtocolParts } from '../parts.ts';
import { type Reply, refused, withBody } from '../reply.ts';

/** Announces what a stock server has not: the SDK looks for these words and works without them. */
export const CAPABILITIES = '1; since, stream';

const VARY = 'Accept, Accept-Encoding, X-Eureka-Accept';

type Found = EncodedAnswer | undefined;
/** Which answer of the views a request is for. */
type View = (views: Views, call: Call, as: Representation) => Found | Promise<Found>;

const ALL: View = (views, _, as) => views.all(as);
const DELTA: View = (views, _, as) => views.delta(as);
const SINCE: View = (views, { query }, { encoding }) => {
  const filter = { apps: names(query.get('apps'), true), vips: names(query.get('vips'), false) };
  return views.since(query.get('since')!, filter, encoding);
};
const APP: View = (views, { app }, as) => views.app(app, as);
const VIP: View = (views, { params }, as) => views.vip(params[0]!, false, as);
const SECURE_VIP: View = (views, { params }, as) => views.vip(params[0]!, true, as);

const NOT_LOADED = refused(503, 'this node has not loaded the registry yet', { 'retry-after': '1' });
const NO_SUCH_APP = refused(404, 'no such application');
const UNKNOWN_CHANGES = refused(410, 'these changes are no longer known: a full fetch is due', {
  [Header.CAPABILITIES]: CAPABILITIES,
});

/** What is replied with an answer. */
interface Prepared {
  /** The one that both name. */
  readonly cursor: Cursor;
  readonly whole: Reply;
  readonly unchanged: Reply;
}

export class ListResource {
  readonly #views: Views;
  readonly #replica: ProtocolParts['replica'];
  readonly #disableDelta: boolean;
  readonly #prepared = new WeakMap<EncodedAnswer, Prepared>();

  constructor(parts: Pick<ProtocolParts, 'views' | 'replica' | 'disableDelta'>) {
    this.#views = parts.views;
    this.#replica = parts.replica;
    this.#disableDelta = parts.disableDelta;
  }

  readonly all = (call: Call): Reply | Promise<Reply> => this.#answer(call, ALL, compressible(call));

  readonly delta = (call: Call): Reply | Promise<Reply> => {
    if (this.#disableDelta) return refused(403, 'deltas are switched off');
    if (call.query.get('since') === undefined) return this.#answer(call, DELTA, compressible(call));
    const as = REPRESENTATIONS.json.full[listEncoding(call.header('accept-encoding'))];
    return this.#answer(call, SINCE, as, UNKNOWN_CHANGES);
  };

  readonly app = (call: Call): Reply | Promise<Reply> => this.#answer(call, APP, uncompressed(call), NO_SUCH_APP);

  readonly vip = (call: Call): Reply | Promise<Reply> => this.#answer(call, VIP, uncompressed(call));

  readonly secureVip = (call: Call): Reply | Promise<Reply> => this.#answer(call, SECURE_VIP, uncompressed(call));

  /** @param missing - where the views have no such answer, as those of the other rows always have */
  #answer(call: Call, view: View, as: Representation, missing = NO_SUCH_APP): Reply | Promise<Reply> {
    if (!this.#replica.loaded) return NOT_LOADED;
    // Read before the view is asked for: what it shows is this or newer, so a reader that goes on from here misses nothing.
    const { cursor } = this.#replica;
    const found = view(this.#views, call, as);
    return found instanceof Promise
      ? found.then((encoded) => this.#reply(call, encoded, as, cursor, missing))
      : this.#reply(call, found, as, cursor, missing);
  }

  #reply(call: Call, encoded: Found, as: Representation, cursor: Cursor, missing: Reply): Reply {
    if (encoded === undefined) return missing;
    let prepared = this.#prepared.get(encoded);
    if (prepared?.cursor !== cursor) {
      prepared = prepare(encoded, as, cursor);
      this.#prepared.set(encoded, prepared);
    }
    return matches(call.header('if-none-match'), encoded.etag) ? prepared.unchanged : prepared.whole;
  }
}

function prepare(encoded: EncodedAnswer, { format, encoding }: Representation, cursor: Cursor): Prepared {
  const headers = {
    etag: encoded.etag,
    vary: VARY,
    [Header.CAPABILITIES]: CAPABILITIES,
    [Header.CURSOR]: `${cursor.epoch}.${cursor.version}`,
  };
  const ofBody = {
    ...headers,
    'content-type': CONTENT_TYPE[format],
    ...(encoding === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
  };
  return { cursor, whole: withBody(200, ofBody, encoded), unchanged: { status: 304, headers } };
}

/** Only `apps` and `apps/delta` are ever compressed, as in stock. */
function compressible(call: Call): Representation {
  return representation(call.header('accept'), call.header(Header.EUREKA_ACCEPT), call.header('accept-encoding'));
}

function uncompressed(call: Call): Representation {
  return representation(call.header('accept'), call.header(Header.EUREKA_ACCEPT), undefined);
}

/** A comma list of names from the query; empty ones are dropped, and more than 1,000 are not read. */
export function names(list: string | undefined, upper: boolean): readonly string[] {
  if (list === undefined) return [];
  const parts = list.split(',', 1_000).filter((name) => name !== '');
  return upper ? parts.map((name) => name.toUpperCase()) : parts;
}
