import type { Backend, Scene } from './scene.ts';

/** Something that goes wrong with nodes and their store, inflicted under load and healed. */
export interface Fault<B extends Backend> {
  readonly name: string;
  readonly what: string;
  /** @returns when it was healed, by `performance.now()` */
  inflict(scene: Scene<B>): Promise<number>;
}
