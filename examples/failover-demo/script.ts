/**
 * What happens in the demo, in order. Each event hurts something, is watched for some seconds, and is healed before the next one,
 * but for what is dead: that comes back at the end.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Stage } from './stage.ts';
import { STOCK } from './stock.ts';
import { act, SLOW_MS } from './targets.ts';

export interface Event {
  /** As the summary names it. */
  readonly title: string;
  /** How long the callers' fate is watched, in ms. */
  readonly watchMs: number;
  /** What stock Eureka was measured to need. */
  readonly stock: string;
  readonly happen: (stage: Stage) => Promise<void> | void;
  readonly heal?: (stage: Stage) => Promise<void> | void;
}

/** How long the registry stays away, in ms. */
const AWAY_MS = 3_000;

const instance = (name: string) => ({ is: 'instance', name }) as const;
const ZONE_A = { is: 'zone', name: 'zone-a' } as const;
const REGISTRY = { is: 'registry', name: 'registry' } as const;

export const SCRIPT: readonly Event[] = [
  {
    title: 'all is well',
    watchMs: 5_000,
    stock: '',
    happen: () => undefined,
  },
  {
    title: 'kill -9 of one instance (a1)',
    watchMs: 8_000,
    stock: STOCK.killed,
    happen: (stage) => act(stage, instance('a1'), 'kill'),
  },
  {
    title: `one instance turns slow (a3: ${SLOW_MS} ms)`,
    watchMs: 8_000,
    stock: STOCK.unseen,
    happen: (stage) => act(stage, instance('a3'), 'slow'),
    heal: (stage) => act(stage, instance('a3'), 'heal'),
  },
  {
    title: 'one instance answers 503 (a2)',
    watchMs: 8_000,
    stock: STOCK.unseen,
    happen: (stage) => act(stage, instance('a2'), 'break'),
    heal: (stage) => act(stage, instance('a2'), 'heal'),
  },
  {
    title: 'a whole zone is lost (kill -9 of zone-a)',
    watchMs: 8_000,
    stock: STOCK.killed,
    happen: (stage) => act(stage, ZONE_A, 'kill'),
  },
  {
    title: 'the registry is killed, and comes back empty',
    watchMs: 10_000,
    stock: STOCK.restarted,
    happen: async (stage) => {
      await act(stage, REGISTRY, 'kill');
      await pause(AWAY_MS);
      await act(stage, REGISTRY, 'heal');
    },
  },
  {
    title: 'all heal: the dead are started again',
    watchMs: 10_000,
    stock: STOCK.started,
    happen: async (stage) => {
      const dead = stage.actors.filter((actor) => actor.process === undefined);
      await Promise.all(dead.map(({ name }) => act(stage, instance(name), 'heal')));
    },
  },
];
