/**
 * What happens in the demo, in order. Each event hurts something, is watched for some seconds, and is healed before the next one,
 * but for what is dead: that comes back at the end.
 */
import type { Actor, Stage } from './stage.ts';

export interface Event {
  /** As the summary names it. */
  readonly title: string;
  /** How long the callers' fate is watched, in ms. */
  readonly watchMs: number;
  readonly happen: (stage: Stage) => Promise<void> | void;
  readonly heal?: (stage: Stage) => Promise<void> | void;
}

/** What a slow instance takes for an answer, in ms: some 60 times its usual time. */
const SLOW_MS = 300;

const named = (stage: Stage, name: string): Actor => stage.actors.find((actor) => actor.name === name)!;

export const SCRIPT: readonly Event[] = [
  {
    title: 'all is well',
    watchMs: 5_000,
    happen: () => undefined,
  },
  {
    title: 'kill -9 of one instance (a1)',
    watchMs: 8_000,
    happen: (stage) => stage.kill(named(stage, 'a1')),
  },
  {
    title: `one instance turns slow (a3: ${SLOW_MS} ms)`,
    watchMs: 8_000,
    happen: (stage) => stage.say(named(stage, 'a3'), { is: 'slow', ms: SLOW_MS }),
    heal: (stage) => stage.say(named(stage, 'a3'), { is: 'well' }),
  },
  {
    title: 'one instance answers 503 (a2)',
    watchMs: 8_000,
    happen: (stage) => stage.say(named(stage, 'a2'), { is: 'broken', status: 503 }),
    heal: (stage) => stage.say(named(stage, 'a2'), { is: 'well' }),
  },
  {
    title: 'a whole zone is lost (kill -9 of zone-a)',
    watchMs: 8_000,
    happen: async (stage) => {
      await Promise.all(stage.actors.filter(({ zone }) => zone === 'zone-a').map((actor) => stage.kill(actor)));
    },
  },
  {
    title: 'the registry is killed, and comes back empty',
    watchMs: 10_000,
    happen: async (stage) => {
      await stage.killRegistry();
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      await stage.startRegistry();
    },
  },
  {
    title: 'all heal: the dead are started again',
    watchMs: 10_000,
    happen: async (stage) => {
      await Promise.all(stage.actors.filter((actor) => actor.process === undefined).map((actor) => stage.start(actor)));
    },
  },
];
