/** Runs the events one after the other under load, and says of each what every kind of caller saw. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Call, CallerKind } from './caller-process.ts';
import { EVENTS, type FailoverEvent } from './events.ts';
import { Scene } from './scene.ts';

export interface RunOptions {
  readonly kinds: readonly CallerKind[];
  readonly callsPerSecond: number;
  /** Of each window: before the event, right after it, and the second one after it. */
  readonly windowMs: number;
  /** From a heal until the next event, so that it begins from rest. */
  readonly restMs: number;
  readonly progress: (text: string) => void;
}

/** What one kind of caller saw of one event. */
export interface Seen {
  readonly event: FailoverEvent;
  readonly kind: CallerKind;
  readonly calls: number;
  readonly failed: number;
  /** The first failure, in words. */
  readonly why: string | undefined;
  readonly p99BeforeMs: number;
  /** In the second window after the event. */
  readonly p99AfterMs: number;
  readonly slowestMs: number;
  /** Of the calls of the second window, those that the victim answered, 0 to 1. */
  readonly victimShare: number;
}

export async function runFailover(options: RunOptions): Promise<readonly Seen[]> {
  const { kinds, callsPerSecond, windowMs, restMs, progress } = options;
  const scene = new Scene();
  const seen: Seen[] = [];
  try {
    progress('starting a registry, ten instances in two zones, and the callers');
    await scene.open(kinds, callsPerSecond);
    await pause(windowMs);
    for (const event of EVENTS) {
      const before = await windows(scene, kinds, windowMs);
      progress(event.title);
      const happened = event.happen(scene);
      const first = await windows(scene, kinds, windowMs);
      await happened;
      const second = await windows(scene, kinds, windowMs);
      await event.heal(scene);
      // What hangs for as long as any time-out belongs to this event too.
      const rest = await windows(scene, kinds, restMs);
      for (const kind of kinds) {
        const after = second.get(kind)!;
        const all = [...first.get(kind)!, ...after, ...rest.get(kind)!];
        seen.push({
          event,
          kind,
          calls: all.length,
          failed: all.filter(({ failed }) => failed).length,
          why: all.find(({ failed }) => failed)?.why,
          p99BeforeMs: p99(before.get(kind)!),
          p99AfterMs: p99(after),
          slowestMs: all.reduce((most, { ms }) => Math.max(most, ms), 0),
          victimShare: after.filter(({ by }) => by === event.victim).length / Math.max(1, after.length),
        });
      }
    }
    return seen;
  } finally {
    await scene.close();
  }
}

/** Calls that ended within the next `ms`, by kind of caller. */
async function windows(
  scene: Scene,
  kinds: readonly CallerKind[],
  ms: number,
): Promise<Map<CallerKind, readonly Call[]>> {
  await Promise.all(kinds.map((kind) => scene.calls(kind)));
  await pause(ms);
  return new Map(await Promise.all(kinds.map(async (kind) => [kind, await scene.calls(kind)] as const)));
}

function p99(calls: readonly Call[]): number {
  const sorted = calls.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * 0.99) - 1)] ?? 0;
}
