/**
 * The verbs of a Eureka server as the SDK uses them: the port between who keeps a lease or a list (`registration/`, `source/`) and who speaks HTTP.
 *
 * Which server is asked is this port's business (own zone first, shuffled, failover, quarantine); every answer says who gave it, since a position
 * in a list belongs to one server. All methods reject with `RegistryError`, and with the signal's reason when it aborts.
 */
import type { Applications } from '../protocol/applications.ts';
import type { InstanceInfo, InstanceStatus } from '../protocol/instance-info.ts';

/** What a server can do beyond stock; both false for a stock server. */
export interface Capabilities {
  /** `apps/delta?since=<cursor>` gives exactly what is missing. */
  readonly since: boolean;
  /** `{base}/stream` pushes changes. */
  readonly stream: boolean;
}

/** A list, and where it stands in its server's history. */
export interface Listed extends Applications {
  /** Base URL of the server that answered, without credentials. */
  readonly server: string;
  readonly capabilities: Capabilities;
  /** `<epoch>.<version>` that the answer reaches; undefined from a stock server. */
  readonly cursor: string | undefined;
  /** Instances that could not be read and were left out. */
  readonly skipped: number;
}

/** What a stream tells. */
export type StreamEvent =
  /** The stream stands, from this cursor on: what lies between a list held and this cursor must be asked for. */
  | { readonly is: 'hello'; readonly server: string; readonly cursor: string }
  /** Changes up to and including `listed.cursor`. */
  | { readonly is: 'delta'; readonly listed: Listed }
  /** Changes up to this cursor were too many to push: ask `since`. */
  | { readonly is: 'gap'; readonly cursor: string }
  /** The cursor held is unknown to the server: a full fetch is due. */
  | { readonly is: 'reset'; readonly cursor: string }
  /** Something was heard (a comment line): the stream is alive, and stands at `cursor` if that is given. */
  | { readonly is: 'alive'; readonly cursor: string | undefined };

/** Why a stream ended: the server said goodbye, nothing was heard for too long, the connection broke, or we wanted it. */
export type StreamEnd = 'bye' | 'silent' | 'lost' | 'aborted';

export interface RegistryApi {
  /** Registers, or registers again: the newer `lastDirtyTimestamp` wins on the server. */
  register(info: InstanceInfo, signal?: AbortSignal): Promise<void>;
  /** One heartbeat. `unknown` (404, whatever its body): register again. A node that is cut off from its store (503) counts as a failed server. */
  renew(
    app: string,
    id: string,
    status: InstanceStatus,
    lastDirtyTimestamp: number,
    signal?: AbortSignal,
  ): Promise<'renewed' | 'unknown'>;
  /** Ends a lease. Resolves when a server answered, with 404 too. */
  cancel(app: string, id: string, signal?: AbortSignal): Promise<void>;
  /** Sets a status override, or (undefined) clears it, UP being the status afterwards. `unknown`: no such instance. */
  override(
    app: string,
    id: string,
    status: InstanceStatus | undefined,
    signal?: AbortSignal,
  ): Promise<'done' | 'unknown'>;
  /** One instance as the server holds it. */
  instance(app: string, id: string, signal?: AbortSignal): Promise<InstanceInfo | undefined>;
  /** Everything. An empty 200 is an error (`ERR_REGISTRY_ANSWER`), never an empty registry. */
  all(signal?: AbortSignal): Promise<Listed>;
  /** Stock's delta: the last minutes, with the hash of the whole. Undefined: this server gives none (403, 404). */
  delta(signal?: AbortSignal): Promise<Listed | undefined>;
  /** One application; no instances when the server knows none (404). */
  app(name: string, signal?: AbortSignal): Promise<Listed>;
  /** What `apps` (empty: all) missed since a cursor of this server; undefined: a full fetch is due. */
  since(cursor: string, apps: readonly string[], signal?: AbortSignal): Promise<Listed | undefined>;
  /**
   * Opens a stream and reports until it ends. `listener` is called in order, never after the promise settled. Comment lines come each 15 s;
   * 45 s of silence end it. Resolves with why it ended; rejects only when no server could open one.
   *
   * @param from - cursor to resume from, of the server that is asked; undefined: from now
   */
  stream(
    apps: readonly string[],
    from: string | undefined,
    listener: (event: StreamEvent) => void,
    signal: AbortSignal,
  ): Promise<StreamEnd>;
  /** Leaves the present server: the next request goes to another one if there is one. */
  moveOn(): void;
  /** Base URL that was asked last, without credentials; the first in order before any request. */
  readonly server: string;
  /** Ends connections. Requests on their way are aborted. */
  close(): Promise<void>;
}
