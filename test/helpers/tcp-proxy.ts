/** A TCP proxy between one client and one server, that can be cut like a cable, or made long: for one node that loses what the others still have. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** `silent`: connections stay, nothing passes, new ones hang, as when packets are dropped. `refused`: connections end, new ones too. */
  cut(how: 'silent' | 'refused'): void;
  /** From now on everything arrives this much later, in each direction. */
  slow(ms: number): void;
  /** What came while it was cut is lost: connections of before are ended, new ones pass. */
  heal(): void;
  close(): Promise<void>;
}

export async function tcpProxy(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let cut: 'silent' | 'refused' | undefined;
  let delayMs = 0;

  function endAll(): void {
    for (const socket of sockets) socket.destroy();
  }

  const server = createServer((near) => {
    if (cut === 'refused') {
      near.destroy();
      return;
    }
    keep(near);
    if (cut === 'silent') return;
    const far = keep(connect(target.port, target.host));
    pass(near, far);
    pass(far, near);
  });

  function keep(socket: Socket): Socket {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    return socket;
  }

  function pass(from: Socket, to: Socket): void {
    from.on('data', (bytes) => {
      if (cut !== undefined) return;
      if (delayMs === 0) to.write(bytes);
      else setTimeout(() => to.write(bytes), delayMs);
    });
    from.on('close', () => {
      if (cut !== 'silent') to.destroy();
    });
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    cut(how) {
      cut = how;
      if (how === 'refused') endAll();
    },
    slow(ms) {
      delayMs = ms;
    },
    heal() {
      cut = undefined;
      delayMs = 0;
      endAll();
    },
    async close() {
      endAll();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
