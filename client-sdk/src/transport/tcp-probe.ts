/** Whether anybody accepts connections at an instance's address: how a dead instance is found alive without risking a call. */
import { connect } from 'node:net';
import type { Instance } from '../api.ts';

/** @returns false when it is refused or not answered within `timeoutMs`; never rejects */
export function tcpProbe({ address, port }: Pick<Instance, 'address' | 'port'>, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: timeoutMs });
    const end = (alive: boolean): void => {
      socket.destroy();
      resolve(alive);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
    // A probe keeps no process alive.
    socket.unref();
  });
}
