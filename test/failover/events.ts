/** What is done to a service while it is called, and undone afterwards. */
import type { Scene } from './scene.ts';

export interface FailoverEvent {
  readonly title: string;
  /** Of an instance, to say what share of the calls it still got; undefined: it is not about one. */
  readonly victim: string | undefined;
  happen(scene: Scene): Promise<void> | void;
  heal(scene: Scene): Promise<void> | void;
}

const REGISTRY_AWAY_MS = 3_000;

const toOne = (
  title: string,
  victim: string,
  happen: (scene: Scene) => Promise<void> | void,
  heal: (scene: Scene) => Promise<void> | void,
): FailoverEvent => ({ title, victim, happen, heal });

export const EVENTS: readonly FailoverEvent[] = [
  toOne(
    'kill -9 of one',
    'a1',
    (scene) => scene.kill(scene.named('a1')),
    (scene) => scene.start(scene.named('a1')),
  ),
  toOne(
    'one stopped (SIGSTOP)',
    'a2',
    (scene) => scene.pause(scene.named('a2')),
    (scene) => scene.resume(scene.named('a2')),
  ),
  toOne(
    'one 20 times slower',
    'a3',
    (scene) => scene.say(scene.named('a3'), { is: 'slow', times: 20 }),
    (scene) => scene.say(scene.named('a3'), { is: 'well' }),
  ),
  toOne(
    'one answers 503 at once',
    'a4',
    (scene) => scene.say(scene.named('a4'), { is: 'broken', status: 503 }),
    (scene) => scene.say(scene.named('a4'), { is: 'well' }),
  ),
  toOne(
    'one resets connections',
    'a5',
    (scene) => scene.say(scene.named('a5'), { is: 'resetting' }),
    (scene) => scene.say(scene.named('a5'), { is: 'well' }),
  ),
  {
    title: 'zone a killed',
    victim: undefined,
    happen: async (scene) => {
      await Promise.all(scene.actors.filter(({ zone }) => zone === 'a').map((actor) => scene.kill(actor)));
    },
    heal: async (scene) => {
      await Promise.all(scene.actors.filter(({ zone }) => zone === 'a').map((actor) => scene.start(actor)));
    },
  },
  {
    title: 'registry killed, back empty',
    victim: undefined,
    happen: (scene) => scene.restartRegistry(REGISTRY_AWAY_MS),
    heal: () => undefined,
  },
];
