/** A service under test: answers on a free port of the loopback, and can be told to misbehave. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';

export interface HttpService {
  readonly server: Server;
  readonly port: number;
  /** Requests answered or begun. */
  readonly hits: number;
  /** Answers from now on; default: 200 with the service's name. */
  answer: RequestListener;
  /** Ends all connections at once, as a killed process would, and stops listening. */
  kill(): Promise<void>;
}

export async function httpService(name: string): Promise<HttpService> {
  let hits = 0;
  const server = createServer((request, response) => {
    hits++;
    service.answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const service: HttpService = {
    server,
    port: (server.address() as { port: number }).port,
    answer: (_, response) => response.end(name),
    get hits() {
      return hits;
    },
    async kill() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return service;
}
