/** What a hand can do to the demo, and to what: an instance, a zone or the registry is killed, slowed, broken or healed. */
import type { Actor, Stage } from './stage.ts';

export type Target =
  | { readonly is: 'instance'; readonly name: string }
  | { readonly is: 'zone'; readonly name: string }
  | { readonly is: 'registry'; readonly name: 'registry' };

export type Deed = 'kill' | 'slow' | 'break' | 'heal';

/** What a slow instance takes for an answer, in ms: some 60 times its usual time. */
export const SLOW_MS = 300;

/** Resolves when it is done: of what is healed, when it has registered again. */
export async function act(stage: Stage, target: Target, deed: Deed): Promise<void> {
  if (target.is === 'registry') return toRegistry(stage, deed);
  const actors = stage.actors.filter(({ name, zone }) => target.name === (target.is === 'zone' ? zone : name));
  await Promise.all(actors.map((actor) => toInstance(stage, actor, deed)));
}

async function toInstance(stage: Stage, actor: Actor, deed: Deed): Promise<void> {
  if (deed === 'kill') return stage.kill(actor);
  if (deed === 'slow') return stage.say(actor, { is: 'slow', ms: SLOW_MS });
  if (deed === 'break') return stage.say(actor, { is: 'broken', status: 503 });
  if (actor.process === undefined) return stage.start(actor);
  stage.say(actor, { is: 'well' });
}

async function toRegistry(stage: Stage, deed: Deed): Promise<void> {
  if (deed === 'kill') return stage.killRegistry();
  if (deed === 'slow') return stage.slowRegistry();
  if (deed === 'break') return stage.stopRegistry();
  return stage.healRegistry();
}
