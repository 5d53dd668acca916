/**
 * Since when one server has held our record without a break. A registry that was emptied answers our next beat with 404; one that renews it has
 * kept its memory, so what its list no longer has is gone (sdk-engine S9). Knows no clock; times are monotonic ms of whoever asks.
 */

/** A beat that was renewed by a server that has held us without a break. */
export interface Renewal {
  /** Base URL of the server. */
  readonly server: string;
  readonly heldSince: number;
  /** When it was asked. */
  readonly askedAt: number;
}

export class UnbrokenLease {
  #held: { readonly server: string; readonly since: number } | undefined;

  /** A registration was acknowledged: whether we were known before it, nobody can tell. */
  registered(server: string, at: number): void {
    this.#held = { server, since: at };
  }

  /** @returns undefined where another server than the one before answered: it may have heard of us a moment ago */
  renewed(server: string, askedAt: number, at: number): Renewal | undefined {
    if (this.#held?.server !== server) {
      this.registered(server, at);
      return undefined;
    }
    return { server, heldSince: this.#held.since, askedAt };
  }

  lost(): void {
    this.#held = undefined;
  }
}
