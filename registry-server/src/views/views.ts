/**
 * The registry's answers as bytes: made once per change, never per request. What HTTP asks for; how they are made is in this folder.
 */

export interface Representation {
  readonly format: 'json' | 'xml';
  readonly form: 'full' | 'compact';
  readonly encoding: 'identity' | 'gzip';
}

/** One encoded answer, the same object for as long as it is the answer: hand the chunks over as they are. */
export interface EncodedAnswer {
  /** Weak, with quotes: `W/"<epoch>.<version>-<view>"`. */
  readonly etag: string;
  /** Sum of the chunks, in bytes. */
  readonly length: number;
  /** Of small answers one, of larger ones several. Never changed after. */
  readonly chunks: readonly Uint8Array[];
}

/** Which applications or VIPs a reader of changes wants; empty: all. */
export interface ChangeFilter {
  readonly apps: readonly string[];
  readonly vips: readonly string[];
}

export interface Views {
  /** `GET apps`: reflects all that was applied when it was called. */
  all(as: Representation): EncodedAnswer | Promise<EncodedAnswer>;
  /** `GET apps/delta` for stock clients: the last 3 minutes, at most one entry an instance. */
  delta(as: Representation): EncodedAnswer | Promise<EncodedAnswer>;
  /** `GET apps/{app}`; undefined: no such application. `name` is upper-case. */
  app(name: string, as: Representation): EncodedAnswer | undefined | Promise<EncodedAnswer | undefined>;
  /** `GET vips/{vip}` and `svips/{svip}`: an unknown name is an empty answer. */
  vip(name: string, secure: boolean, as: Representation): EncodedAnswer | Promise<EncodedAnswer>;
  /**
   * `GET apps/delta?since=<epoch>.<version>`: every change after it, as a JSON delta (an instance's latest only), `versions__delta` saying the
   * version reached; undefined: a full fetch is due, as it is unknown or more than 2,000 instances have changed.
   */
  since(
    cursor: string,
    filter: ChangeFilter,
    encoding: 'identity' | 'gzip',
  ): EncodedAnswer | undefined | Promise<EncodedAnswer | undefined>;
}
