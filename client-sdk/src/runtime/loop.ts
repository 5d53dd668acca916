import { type Clock, sleep } from './clock.ts';

export interface LoopOptions {
  readonly clock: Clock;
  /** Pause before the first turn, in ms; default 0: at once. */
  readonly firstMs?: number;
  /**
   * One turn of work.
   *
   * @returns the pause before the next turn, in ms
   */
  readonly turn: (signal: AbortSignal) => Promise<number> | number;
  /** Called when a turn throws; answers the pause before the next turn, in ms. A loop ends only by `stop`. */
  readonly failed: (error: unknown) => number;
}

export interface Loop {
  /** Starts the next turn now instead of after its pause; while a turn runs, another follows at once. */
  hurry(): void;
  /** Aborts the running turn's signal and resolves once that turn has ended; nothing runs afterwards. */
  stop(): Promise<void>;
}

/** Repeats one turn of work. It pauses after the work, never beside it: a slow turn cannot meet the next one. */
export function startLoop({ clock, firstMs = 0, turn, failed }: LoopOptions): Loop {
  const stopping = new AbortController();
  let pause = new AbortController();
  let hurried = false;

  const run = async (): Promise<void> => {
    let pauseMs = firstMs;
    while (!stopping.signal.aborted) {
      // A pause of 0 is a timer too: even a turn without pause leaves the event loop its turn.
      if (!hurried) await sleep(clock, pauseMs, pause.signal);
      if (stopping.signal.aborted) return;
      hurried = false;
      pause = new AbortController();
      try {
        pauseMs = await turn(stopping.signal);
      } catch (error) {
        if (stopping.signal.aborted) return;
        pauseMs = failed(error);
      }
    }
  };
  const ended = run();

  return {
    hurry() {
      hurried = true;
      pause.abort();
    },
    stop() {
      stopping.abort();
      pause.abort();
      return ended;
    },
  };
}
