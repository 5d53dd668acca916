/** Time and chance, for programs that extend Heureka and for tests that move time. */
export { type BackoffOptions, fullJitter } from './backoff.ts';
export { type Clock, sleep, systemClock, type Timer, type TimerOptions } from './clock.ts';
export { Emitter, type Subscribe } from './emitter.ts';
export { type Loop, type LoopOptions, startLoop } from './loop.ts';
export { type Random, seededRandom, systemRandom } from './random.ts';
