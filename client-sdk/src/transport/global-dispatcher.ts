/**
 * The dispatcher of every built-in fetch in the process: asked for, taken over by `install()`, and given back in any order. The process knows it
 * under two names: every Node we support reads the first, Node 26's own fetch the second.
 */
import './built-in-fetch.ts';
import { Dispatcher } from './undici.ts';

const FIRST = Symbol.for('undici.globalDispatcher.1');
const SECOND = Symbol.for('undici.globalDispatcher.2');
/** Marks ours, those of another copy of this package too. */
const INSTALLED = Symbol.for('heureka.installed-dispatcher');

type Global = Record<symbol, Dispatcher | undefined>;

/** @param fallback - takes the hosts that are no services */
export type Route = (
  options: Dispatcher.DispatchOptions,
  handler: Dispatcher.DispatchHandler,
  fallback: Dispatcher,
) => boolean;

export function globalDispatcher(): Dispatcher {
  const dispatcher = (globalThis as unknown as Global)[FIRST];
  if (dispatcher === undefined) throw new Error('this Node has no built-in fetch');
  return dispatcher;
}

/** Every built-in fetch goes through `route` from now on, until the returned object is disposed. */
export function installDispatcher(route: Route): Disposable {
  const installed = new InstalledDispatcher(route, globalDispatcher());
  setGlobal(installed);
  return {
    [Symbol.dispose]() {
      installed.active = false;
      // One that was installed over ours stays, and passes through us until it goes too.
      let top = globalDispatcher();
      while (isInstalled(top) && !top.active) top = top.previous;
      if (top !== globalDispatcher()) setGlobal(top);
    },
  };
}

class InstalledDispatcher extends Dispatcher {
  readonly [INSTALLED] = true;
  readonly previous: Dispatcher;
  active = true;
  readonly #route: Route;

  constructor(route: Route, previous: Dispatcher) {
    super();
    this.#route = route;
    this.previous = previous;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    return this.active ? this.#route(options, handler, this.previous) : this.previous.dispatch(options, handler);
  }
}

function isInstalled(dispatcher: Dispatcher): dispatcher is InstalledDispatcher {
  return INSTALLED in dispatcher;
}

function setGlobal(dispatcher: Dispatcher): void {
  for (const name of [FIRST, SECOND]) {
    // As undici does it: writable, and never to be configured otherwise.
    Object.defineProperty(globalThis, name, {
      value: dispatcher,
      writable: true,
      enumerable: false,
      configurable: false,
    });
  }
}
