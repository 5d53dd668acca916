/** What the bare server answers each request with. */
export interface BareAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Holds the body; absent: an empty one. */
  readonly file?: string;
}
