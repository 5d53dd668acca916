import type { AddressInfo, Server } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { OptionsError } from '../errors.ts';

export interface Listening {
  readonly port: number;
  /** It speaks TLS. */
  readonly secure: boolean;
  /** The address it is bound to, `::` and `0.0.0.0` for all. */
  readonly address: string;
}

/**
 * Waits until a server listens, and says where.
 *
 * @throws {OptionsError} for a Unix socket or pipe, which no other machine can call; the server's own error when it cannot listen
 */
export async function listeningOn(server: Server): Promise<Listening> {
  if (!server.listening) await listening(server);
  const at = server.address();
  if (at === null || typeof at === 'string') {
    throw new OptionsError([{ option: 'server', got: at, accepts: 'a server that listens on a TCP port' }]);
  }
  const { port, address }: AddressInfo = at;
  return { port, secure: server instanceof TlsServer, address };
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => (): void => {
      server.off('listening', ready).off('error', failed).off('close', closed);
      act();
    };
    const ready = settle(resolve);
    const closed = settle(() => reject(new Error('the server was closed before it listened')));
    const failed = (error: Error): void => settle(() => reject(error))();
    server.once('listening', ready).once('error', failed).once('close', closed);
  });
}
