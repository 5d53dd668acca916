/**
 * A deployment as an orchestrator does it, under load: each of four instances is replaced by one of the next release (started, registered,
 * then the old one gets SIGTERM), while a caller's traffic never stops. Exit code 1 if a call failed.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createDiscovery } from '@heureka/client-sdk';
import { ended, startRegistry } from '../support/registry-process.ts';
import { Traffic } from '../support/traffic.ts';

const INSTANCES = 4;
const BEFORE_MS = 1_000;
const SERVICE = fileURLToPath(new URL(`./orders-service${extname(import.meta.url)}`, import.meta.url));

const registry = await startRegistry();
const running: ChildProcess[] = [];

async function start(release: string): Promise<ChildProcess> {
  const child = fork(SERVICE, {
    env: { ...process.env, EUREKA_URL: registry.url, RELEASE: release },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  running.push(child);
  const [said] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
  if (said !== 'registered') throw new Error(`an instance ended with exit code ${said} before it was registered`);
  return child;
}

try {
  const instances = await Promise.all(Array.from({ length: INSTANCES }, () => start('release 1')));
  const discovery = await createDiscovery({ registry: registry.url, start: 'wait' });
  const traffic = new Traffic(discovery);
  traffic.start();
  console.log(`${INSTANCES} instances of release 1 are called ${traffic.perSecond} times a second`);
  await pause(BEFORE_MS);

  for (const [index, old] of instances.entries()) {
    await start('release 2');
    const began = performance.now();
    await ended(old, 'SIGTERM');
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    console.log(`${index + 1} of ${INSTANCES} replaced; the old one left in order within ${seconds} s`);
  }
  await pause(BEFORE_MS);
  await traffic.stop();

  const failed = traffic.calls.filter((call) => call.failed).length;
  for (const release of ['release 1', 'release 2']) {
    console.log(`answered by ${release}: ${traffic.calls.filter(({ by }) => by === release).length}`);
  }
  const last = traffic.calls.at(-1)?.by;
  console.log(`${traffic.calls.length} calls, ${failed} failed; the last was answered by ${last}`);
  if (failed > 0) console.log('the last failure:', traffic.lastFailure);
  process.exitCode = failed > 0 || last !== 'release 2' ? 1 : 0;
  await discovery.close();
} finally {
  await Promise.all(running.map((child) => ended(child, 'SIGKILL')));
  await registry.stop();
}
