/**
 * A program of its own for `registration.test.ts`: registers with the registry of its argument, says `ready`, and stays alive for as long as its
 * standard input is open.
 */
import { systemClock, systemRandom } from '@heureka/client-sdk/runtime';
import { InstanceRegistration } from '../../client-sdk/src/registration/instance-registration.ts';
import { prepareRegistration } from '../../client-sdk/src/registration/prepare-registration.ts';
import { systemSurroundings } from '../../client-sdk/src/registration/system-surroundings.ts';
import { HttpRegistryApi } from '../../client-sdk/src/registry-api/http-registry-api.ts';
import { UndiciHttpClient } from '../../client-sdk/src/transport/registry-http.ts';

const url = process.argv[2] ?? '';
const api = new HttpRegistryApi({
  urls: new Map([['', [url]]]),
  auth: undefined,
  timeoutMs: 2_000,
  zone: undefined,
  http: new UndiciHttpClient(),
  clock: systemClock,
  random: systemRandom,
});
const prepared = await prepareRegistration(
  { app: 'draining', port: 3000, instanceId: 'i1', drain: { propagationMs: 3_000 } },
  systemSurroundings({ registryUrl: url, zone: undefined }),
);
const registration = new InstanceRegistration({
  api,
  clock: systemClock,
  random: systemRandom,
  prepared,
  process,
});
await registration.first;
process.stdin.resume();
process.stdout.write('ready\n');
