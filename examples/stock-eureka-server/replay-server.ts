/**
 * A stock Eureka server, played back: what it answers was recorded (`recorded.ts`), and all it knows is whether BILLING/i1 is registered now.
 * One thing is changed in the recordings: the address and port of that instance, so that it can be called.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RECORDED, type Recorded } from './recorded.ts';

const RECORDED_ADDRESS = { ipAddr: '10.0.0.1', port: 9_001 } as const;
const INSTANCE = '/eureka/apps/BILLING/i1';

export interface ReplayServer {
  readonly url: string;
  /** Each request answered so far, such as `GET /eureka/apps/delta 200`. */
  readonly log: readonly string[];
  close(): void;
}

/** @param port - where on the loopback BILLING/i1 shall be found */
export async function replayServer(port: number): Promise<ReplayServer> {
  const log: string[] = [];
  let isRegistered = false;

  function answer({ method, url = '' }: IncomingMessage): Recorded {
    const path = url.split('?')[0]!.replace(/\/$/, '');
    if (method === 'POST' && path === '/eureka/apps/BILLING') {
      isRegistered = true;
      return RECORDED.registered;
    }
    if (method === 'GET' && path === '/eureka/apps') return isRegistered ? RECORDED.list : RECORDED.emptyList;
    if (method === 'GET' && path === '/eureka/apps/delta') {
      return isRegistered ? RECORDED.delta : RECORDED.deltaAfterCancel;
    }
    if (path !== INSTANCE || !isRegistered) return RECORDED.unknown;
    if (method === 'PUT') return RECORDED.renewed;
    if (method !== 'DELETE') return RECORDED.instance;
    isRegistered = false;
    return RECORDED.cancelled;
  }

  const server = createServer((request, response) => {
    request.resume();
    const { status, type, body } = answer(request);
    log.push(`${request.method} ${request.url?.split('?')[0]} ${status}`);
    response.writeHead(status, type === undefined ? {} : { 'content-type': type });
    response.end(found(body, port));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/eureka`,
    log,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function found(body: string, port: number): string {
  return body
    .replaceAll(`"ipAddr":"${RECORDED_ADDRESS.ipAddr}"`, '"ipAddr":"127.0.0.1"')
    .replaceAll(`"$":${RECORDED_ADDRESS.port},`, `"$":${port},`);
}
