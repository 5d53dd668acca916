/** The machine and the process around a registration. Failures are answers that say nothing: a registration works without any of this. */
import cluster from 'node:cluster';
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
import { type Clock, sleep, systemClock } from '../runtime/clock.ts';
import type { Surroundings } from './prepare-registration.ts';

export interface SystemSurroundingsOptions {
  /** Any URL of the registry. */
  readonly registryUrl: string | undefined;
  readonly zone: string | undefined;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** A name that resolves slower, in ms, is no reason to register later. */
const ROUTE_MS = 1_000;

export function systemSurroundings(options: SystemSurroundingsOptions): Surroundings {
  const { registryUrl, zone, clock = systemClock } = options;
  return {
    environment: process.env,
    zone,
    workerId: cluster.isWorker ? cluster.worker?.id : undefined,
    packageName: () => packageName(dirname(process.argv[1] ?? join(process.cwd(), 'none'))),
    interfaces: networkInterfaces,
    route: async () => {
      if (registryUrl === undefined) return undefined;
      const found = new AbortController();
      const route = routeSource(registryUrl).finally(() => found.abort());
      return Promise.race([route, sleep(clock, ROUTE_MS, found.signal).then(() => undefined)]);
    },
  };
}

/**
 * The address from which this machine would speak to a URL's host. Connecting a UDP socket asks the routing table and sends nothing.
 *
 * @returns undefined where there is no route, or the name does not resolve
 */
export async function routeSource(url: string): Promise<string | undefined> {
  try {
    const { hostname, port } = new URL(url);
    const name = hostname.replace(/^\[|\]$/g, '');
    const { address, family } = isIP(name) === 0 ? await lookup(name) : { address: name, family: isIP(name) };
    return await sourceTo(address, Number(port) || 80, family === 6 ? 'udp6' : 'udp4');
  } catch {
    return undefined;
  }
}

function sourceTo(address: string, port: number, type: 'udp4' | 'udp6'): Promise<string> {
  const socket = createSocket(type);
  return new Promise<string>((resolve, reject) => {
    socket.once('error', reject);
    socket.connect(port, address, () => resolve(socket.address().address));
  }).finally(() => socket.close());
}

/** The name of the package that the program belongs to: the nearest package.json with one, upwards from the program's folder. */
export async function packageName(from: string): Promise<string | undefined> {
  for (let folder = from; ; folder = dirname(folder)) {
    const name = await nameIn(join(folder, 'package.json'));
    if (name !== undefined) return name;
    if (dirname(folder) === folder) return undefined;
  }
}

async function nameIn(file: string): Promise<string | undefined> {
  try {
    const { name } = JSON.parse(await readFile(file, 'utf8')) as { name?: unknown };
    return typeof name === 'string' && name !== '' ? name : undefined;
  } catch {
    return undefined;
  }
}
