/** The port between the engine and whoever holds connections to the instances of one service (`transport/`). */
import type { Instance } from '../api.ts';
import type { Slot } from '../balancer/balancer.ts';
import type { CallHandler, CallOptions } from './wire.ts';

export interface Connections {
  /**
   * Sends a request to the instance in `slot`, over connections that belong to that slot and are opened at its first use.
   *
   * The handler is told everything, errors too, possibly before this returns. @throws what the caller did wrong
   */
  dispatch(slot: Slot, instance: Instance, options: CallOptions, handler: CallHandler): void;
  /** The slot's instance has left: requests on their way finish, however long that takes, then its connections close. */
  release(slot: Slot): void;
  /** Once a second: closes connections of slots that were not used for a while. @param busy - requests of the slot are on their way */
  tick(busy: (slot: Slot) => boolean): void;
  /** No new requests; those on their way finish, at most within `graceMs`, then everything is closed. */
  close(graceMs: number): Promise<void>;
}
