/**
 * The door for every caller that speaks to an undici dispatcher: the built-in fetch, `request()`, and users' own. Calls of services go into the
 * engine; all other hosts go where they would have gone without us, untouched.
 */
import { holdErrors } from '../call/replay-body.ts';
import type { HostMeaning } from '../call/service-names.ts';
import type { CallHandler, CallOptions } from '../call/wire.ts';
import { ConnectedCaller } from './connected-caller.ts';
import { isNewStyle, NewStyleCaller } from './new-style-caller.ts';
import { Dispatcher } from './undici.ts';

/** What the door needs of discovery. */
export interface Services {
  meaning(origin: string): HostMeaning;
  /** The engine of one service. @param secure - the caller said `https` */
  caller(service: string, secure: boolean): { call(options: CallOptions, caller: CallHandler): void };
  /** Whether a name is, or was at any time, one of a service. */
  isService(name: string): boolean;
  /** Resolves with true once there is a list; with false when it did not come within `readyMs` (or less, as `ms` says), or `signal` aborted. */
  listed(ms?: number, signal?: AbortSignal): Promise<boolean>;
  /** The error for a name that may be a service when no list came. */
  notReady(service: string): Error;
}

type DispatchOptions = Dispatcher.DispatchOptions;
type DispatchHandler = Dispatcher.DispatchHandler;

export class DiscoveryDispatcher extends Dispatcher {
  readonly #services: Services;
  readonly #fallback: Dispatcher;
  readonly #end: () => Promise<void>;

  /** @param end - what `close()` of a dispatcher means here: the whole of discovery */
  constructor(services: Services, fallback: Dispatcher, end: () => Promise<void>) {
    super();
    this.#services = services;
    this.#fallback = fallback;
    this.#end = end;
  }

  /** Answers true always: the engine has no queue that `drain` would tell of. */
  override dispatch(options: DispatchOptions, handler: DispatchHandler): boolean {
    return this.dispatchOr(options, handler, this.#fallback);
  }

  /** The same, with another place for the hosts that are no services. */
  dispatchOr(options: DispatchOptions, handler: DispatchHandler, fallback: Dispatcher): boolean {
    const { origin } = options;
    const meaning = this.#services.meaning(typeof origin === 'string' ? origin : String(origin));
    if (meaning.is === 'service') {
      this.#services.caller(meaning.service, meaning.secure).call(options as CallOptions, engineHandler(handler));
      return true;
    }
    if (meaning.is !== 'maybe') return fallback.dispatch(options, handler);
    this.#later(options, handler, String(origin), fallback);
    return true;
  }

  override close(): Promise<void>;
  override close(callback: () => void): void;
  override close(callback?: () => void): Promise<void> | void {
    const closed = this.#end();
    if (callback === undefined) return closed;
    void closed.then(callback);
  }

  override destroy(): Promise<void>;
  override destroy(error: Error | null): Promise<void>;
  override destroy(callback: () => void): void;
  override destroy(error: Error | null, callback: () => void): void;
  override destroy(first?: Error | null | (() => void), second?: () => void): Promise<void> | void {
    const callback = typeof first === 'function' ? first : second;
    const closed = this.#end();
    if (callback === undefined) return closed;
    void closed.then(callback);
  }

  /** Nobody knows yet what this name is: wait for the first list, abortable meanwhile. */
  #later(options: DispatchOptions, handler: DispatchHandler, origin: string, fallback: Dispatcher): void {
    const caller = engineHandler(handler);
    const connected = new ConnectedCaller(caller);
    let waiting = true;
    holdErrors(options.body);
    caller.onConnect((reason) => {
      connected.abort(reason);
      if (waiting) caller.onError(reason ?? Object.assign(new Error('The call was aborted'), { name: 'AbortError' }));
    });
    const decide = (): void => {
      waiting = false;
      if (connected.aborted) return;
      const meaning = this.#services.meaning(origin);
      if (meaning.is === 'service') {
        this.#services.caller(meaning.service, meaning.secure).call(options as CallOptions, connected);
      } else if (meaning.is === 'maybe') caller.onError(this.#services.notReady(meaning.service));
      else fallback.dispatch(options, connected as unknown as DispatchHandler);
    };
    void this.#services
      .listed()
      .then(decide)
      .catch((error: Error) => caller.onError(error));
  }
}

/** One service as a dispatcher: for `request()` with a name that no URL can hold. */
export class ServiceDispatcher extends Dispatcher {
  readonly #service: { call(options: CallOptions, caller: CallHandler): void };

  constructor(service: { call(options: CallOptions, caller: CallHandler): void }) {
    super();
    this.#service = service;
  }

  override dispatch(options: DispatchOptions, handler: DispatchHandler): boolean {
    this.#service.call(options as CallOptions, engineHandler(handler));
    return true;
  }
}

function engineHandler(handler: DispatchHandler): CallHandler {
  return isNewStyle(handler) ? new NewStyleCaller(handler) : (handler as unknown as CallHandler);
}
