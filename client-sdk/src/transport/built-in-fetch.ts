/**
 * Wakes the fetch that is built into Node, and with it that fetch's own dispatcher.
 *
 * undici, when loaded, becomes the process's global dispatcher if nobody is it yet, and Node's own becomes it only at the first touch of one of
 * its classes. Whoever loads undici without this file first changes how every fetch of the process works, calls or no calls.
 */
export const builtInHeaders: typeof Headers = globalThis.Headers;
