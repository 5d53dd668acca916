/** One instance of `orders` in a release of its own: registers, answers with its release, and leaves in order on SIGTERM. Nothing else is needed. */
import { createServer } from 'node:http';
import { createDiscovery } from '@heureka/client-sdk';

const release = process.env['RELEASE'] ?? 'unknown';
const WORK_MS = 10;

const server = createServer((_, response) => {
  setTimeout(() => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ from: release }));
  }, WORK_MS);
});
const discovery = await createDiscovery();
await discovery.registerServer(server.listen(0, '127.0.0.1'), { app: 'orders', address: '127.0.0.1' });
process.send?.('registered');
// The deployment is gone: nobody would ever stop us.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
