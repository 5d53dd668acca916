/**
 * One HTTP request: the port between who speaks Eureka (`http-registry-api.ts`) and who owns sockets.
 *
 * An adapter follows no redirect, decodes no content, adds no header of its own beyond what HTTP demands, and keeps away from the process's
 * global dispatcher: a registry that is asked through the balancer would wait for itself.
 */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Such as `http://10.0.0.1:8761`, without credentials. */
  readonly origin: string;
  /** From `/` on, with the query; sent as it is: dot segments in it are names, not directions. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Ends the request at whatever stage it is, the body included. */
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** As sent: still compressed if `content-encoding` says so. Fails when the connection breaks or the signal aborts. */
  readonly body: AsyncIterable<Uint8Array>;
  /** For a body that nobody wants: reads a little of it so that the connection can serve again, and drops the connection if it is long. */
  discard(): void;
}

export interface HttpClient {
  /**
   * Resolves with the head of the answer, whatever its status.
   *
   * @throws {ConnectionFailed} when there was none; the signal's reason, at once, when it aborts
   */
  request(request: HttpRequest): Promise<HttpAnswer>;
  /** Ends all connections, in use or not. */
  close(): Promise<void>;
}

/** No answer came. */
export class ConnectionFailed extends Error {
  override readonly name = 'ConnectionFailed';
  constructor(
    message: string,
    /** A connection that stood broke: as it may have been an old one that the server had just closed, asking once more is worth it. */
    readonly broke: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
