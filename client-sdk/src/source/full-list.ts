/**
 * Fetching all that is wanted, and turning it into instances without holding the event loop for long. Few applications are asked one by one:
 * the list of a large registry is megabytes.
 */
import { RegistryError } from '../errors.ts';
import type { InstanceConverter } from '../registry-api/instance-of.ts';
import type { Capabilities, Listed, RegistryApi } from '../registry-api/registry-api.ts';
import type { Clock } from '../runtime/clock.ts';
import { HeldList } from './held-list.ts';
import { type Position, parseCursor } from './position.ts';

/** Up to so many applications, each is asked for by itself. */
export const FEW_APPS = 8;
/** Work done in one turn of the event loop, in ms. */
const TURN_MS = 8;
/** Instances between two looks at the clock. */
const STRIDE = 64;
/** Servers may change while applications are asked for one by one. */
const MAX_TRIES = 3;
const STOCK: Capabilities = { since: false, stream: false };

export interface FullList {
  readonly held: HeldList;
  readonly position: Position;
  readonly capabilities: Capabilities;
  /** Some could not be read, so that no hash can match. */
  readonly unreadable: boolean;
}

export interface FullListOptions {
  readonly api: RegistryApi;
  readonly clock: Clock;
  readonly converter: InstanceConverter;
  /** In upper case; undefined: all. */
  readonly wanted: ReadonlySet<string> | undefined;
  /** The list that is replaced: equal instances stay the same objects. */
  readonly before: HeldList | undefined;
  /** A stock server that was asked before, so that nobody needs to find out what it can do. */
  readonly stock: string | undefined;
}

export async function fetchFullList(options: FullListOptions, signal: AbortSignal): Promise<FullList> {
  const { api, wanted, converter, before, clock } = options;
  const few = wanted !== undefined && wanted.size <= FEW_APPS;
  const { lists, first } = few ? await fewLists(options, wanted, signal) : await wholeList(api, signal);
  const held = new HeldList(converter, wanted);
  let count = 0;
  let startedAt = clock.monotonic();
  for (const { applications } of lists) {
    for (const { instances } of applications) {
      for (const info of instances) {
        held.put(info, before);
        if (++count % STRIDE === 0 && clock.monotonic() - startedAt >= TURN_MS) {
          await nextTurn(clock);
          signal.throwIfAborted();
          startedAt = clock.monotonic();
        }
      }
    }
  }
  const cursor = first.capabilities.since ? parseCursor(first.cursor) : undefined;
  return {
    held,
    position: { server: first.server, cursor },
    capabilities: cursor === undefined ? STOCK : first.capabilities,
    unreadable: lists.some(({ skipped }) => skipped > 0),
  };
}

interface Fetched {
  readonly lists: readonly Listed[];
  /** Says whose lists these are, and the cursor that all of them have reached at least. */
  readonly first: Pick<Listed, 'server' | 'capabilities' | 'cursor'>;
}

async function wholeList(api: RegistryApi, signal: AbortSignal): Promise<Fetched> {
  const listed = await api.all(signal);
  return { lists: [listed], first: listed };
}

/**
 * One application after the other belongs to no single moment. So a cursor is asked for before them (a delta has one, and is small): what
 * happened since is in a list already or comes again with the next change, and applying it twice does no harm.
 */
async function fewLists(
  { api, stock }: FullListOptions,
  wanted: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Fetched> {
  let known = stock;
  for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
    const probe = known === undefined || known !== api.server ? await api.delta(signal) : undefined;
    const lists = await Promise.all([...wanted].map((app) => api.app(app, signal)));
    const server = probe?.server ?? lists[0]?.server ?? api.server;
    const upgraded = probe === undefined && known !== undefined && lists.some(({ capabilities }) => capabilities.since);
    if (!upgraded && lists.every((listed) => listed.server === server)) {
      return { lists, first: probe ?? { server, capabilities: STOCK, cursor: undefined } };
    }
    known = undefined;
  }
  throw new RegistryError('ERR_REGISTRY_UNAVAILABLE', 'no server stayed for long enough to give a list', api.server);
}

function nextTurn(clock: Clock): Promise<void> {
  return new Promise((resolve) => void clock.after(0, resolve, { keepAlive: true }));
}
