import type { Instance } from '../api.ts';

/**
 * An instance for a test: UP on 127.0.0.1, everything that is not given made up, and what depends on something given made from it.
 *
 * @example anInstance({ app: 'orders', port: 3001, zone: 'a' }).url // 'http://127.0.0.1:3001'
 */
export function anInstance(given: Partial<Instance> = {}): Instance {
  const app = given.app ?? 'service';
  const address = given.address ?? '127.0.0.1';
  const port = given.port ?? 8080;
  const secure = given.secure ?? false;
  const host = address.includes(':') ? `[${address}]` : address;
  return {
    id: `${address}:${app}:${port}`,
    app,
    address,
    hostname: address,
    port,
    secure,
    ports: { plain: secure ? undefined : port, secure: secure ? port : undefined },
    url: `${secure ? 'https' : 'http'}://${host}:${port}`,
    status: 'UP',
    zone: undefined,
    vip: [app],
    secureVip: [],
    metadata: {},
    ...given,
  };
}
